"""llama.cpp with continuous batching: a pure scheduler and a thin runner."""
