"""Answers from documents: the prompt that quotes them, and the check that they say it."""
