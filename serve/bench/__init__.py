"""Loads whatever speaks OpenAI's HTTP interface, and tells how fast it answers.

`workload` says what is asked and when, `client` asks, `measures` (pure) makes figures of what came
back, `run` repeats that level by level and target by target, `report` and `page` write it down.
"""
