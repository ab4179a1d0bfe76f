"""Keeps one appliance running, and leaves nothing behind."""
