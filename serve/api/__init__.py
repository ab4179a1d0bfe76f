"""HTTP: bytes to prompts and chunks to bytes. The only place that sees a request."""
