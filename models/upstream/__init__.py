"""Any OpenAI-compatible server as an engine: another Hearth, a vLLM server, a cloud."""
