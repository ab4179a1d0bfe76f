"""One engine of each kind for a whole file: what one test leaves behind, the next one finds."""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from models.engine import Engine
from tests.contracts.engines import FAST, KINDS, REAL


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engines() -> AsyncIterator[Callable[[str], Engine]]:
    made: dict[str, Engine] = {}

    def engine_of(kind: str) -> Engine:
        if kind not in made:
            made[kind] = KINDS[kind]()
        return made[kind]

    yield engine_of
    for engine in made.values():
        await engine.close()


@pytest.fixture(params=[*FAST, *REAL])
def engine(request, engines) -> Engine:
    return engines(request.param)


@pytest.fixture(params=REAL)
def real(request, engines) -> Engine:
    """A kind with a real model behind it."""
    return engines(request.param)
