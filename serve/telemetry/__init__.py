"""What machines read of it: metrics, traces and logs."""
