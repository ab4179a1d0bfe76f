"""What is remembered: documents, passages, vectors and cached answers."""
