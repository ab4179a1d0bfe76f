"""Answers from documents: the library, asked, and what it says put before the prompt."""
