"""A library for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "library")
    yield made
    made.close()
