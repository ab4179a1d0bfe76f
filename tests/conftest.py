"""Settings of every test."""

from pathlib import Path

import pytest
from hypothesis import settings

# Machines differ, and are busy: how long an example takes says nothing about what it found.
settings.register_profile("hearth", deadline=None)
settings.load_profile("hearth")

# Whose slow tests run beside others: they start one process at most, and no model.
TOGETHER = {"browser", "index"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests of elsewhere have the machine to themselves: `alone`."""
    here = Path(__file__).parent
    for item in items:
        room = item.path.relative_to(here).parts[0]
        if item.get_closest_marker("slow") and room not in TOGETHER:
            item.add_marker("alone")
