from collections.abc import AsyncIterator

from models.engine import Chunk
from serve.generation.choices import interleave


async def test_interleaving_one_stream_is_that_stream() -> None:
    async def numbers() -> AsyncIterator[Chunk]:
        for i in range(3):
            yield Chunk(str(i))

    assert [c.text async for c in interleave([numbers()])] == ["0", "1", "2"]  # type: ignore[list-item]
