"""Settings of every test."""

from hypothesis import settings

# Machines differ, and are busy: how long an example takes says nothing about what it found.
settings.register_profile("hearth", deadline=None)
settings.load_profile("hearth")
