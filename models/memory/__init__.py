"""How much memory there is, how much a model takes, and what fits."""
