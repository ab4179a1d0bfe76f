"""Documents cut into passages, each found and cited on its own."""
