"""What can answer, and how to run it. Imports nothing of ours but itself."""
