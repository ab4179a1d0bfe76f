"""Everything between the socket and the engine."""
