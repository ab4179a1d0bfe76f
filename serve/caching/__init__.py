"""Answers given again: what was asked before, is asked just now, or means the same."""
