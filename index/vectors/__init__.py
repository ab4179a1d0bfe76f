"""Nearest vectors: exact for few, by hnswlib for many. A cache, made again from the database."""
