"""The pages: what stands where, and which event calls what."""
