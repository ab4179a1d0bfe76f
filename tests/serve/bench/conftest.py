"""A target that answers at once, and plans that are over soon."""

from collections.abc import AsyncIterator

import pytest

from serve.bench.bare_server import bare_server, instant_engine
from serve.bench.target import Target

WORDS = 20


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with bare_server(instant_engine(WORDS), "instant") as target:
        yield target
