"""vLLM: the large tier, on a GPU or with its CPU build."""
