"""Decisions: values in, verdicts out. No Ray, no HTTP, no I/O, no clock."""
