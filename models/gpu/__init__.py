"""What the GPUs of this machine say of themselves."""
