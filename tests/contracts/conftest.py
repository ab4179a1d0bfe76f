"""One engine of each kind for all files here: what one test leaves behind, the next one finds."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from models.engine import Engine
from tests.contracts.engines import FAST, KINDS, REAL


class Engines:
    """Loading takes most of the time here, so tests share; who ends an engine takes it away."""

    def __init__(self) -> None:
        self._shared: dict[str, Engine] = {}

    def share(self, kind: str) -> Engine:
        if kind not in self._shared:
            self._shared[kind] = KINDS[kind]()
        return self._shared[kind]

    def take(self, kind: str) -> Engine:
        """The caller's from now on, to be closed by it; who asks next gets another one."""
        engine = self.share(kind)
        del self._shared[kind]
        return engine

    async def close(self) -> None:
        for engine in self._shared.values():
            await engine.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engines() -> AsyncIterator[Engines]:
    made = Engines()
    yield made
    await made.close()


@pytest.fixture(params=[*FAST, *REAL])
def engine(request, engines: Engines) -> Engine:
    return engines.share(request.param)


@pytest.fixture(params=REAL)
def real(request, engines: Engines) -> Engine:
    """A kind with a real model behind it."""
    return engines.share(request.param)
