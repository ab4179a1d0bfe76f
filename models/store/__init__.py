"""Model files: where they come from, what they must be, and where they are kept."""
