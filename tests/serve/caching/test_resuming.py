"""An answer that is begun again for readers who have a part of it."""

import pytest

from models.engine import CallDelta, Chunk, ChunkStream, Usage
from models.errors import EngineInterrupted
from serve.caching.resuming import Resumed

END = Chunk("", finish_reason="stop", usage=Usage(1, 3))


async def said(*chunks: Chunk) -> ChunkStream:
    for chunk in chunks:
        yield chunk


async def texts(resumed: Resumed, *chunks: Chunk) -> list[str]:
    return [chunk.text async for chunk in resumed.rest(said(*chunks))]


async def test_what_was_given_is_passed_over_however_it_is_cut() -> None:
    resumed = Resumed()
    assert await texts(resumed, Chunk("one t"), Chunk("wo ")) == ["one t", "wo "]
    again = Chunk("one"), Chunk(" two th"), Chunk("ree"), END
    assert await texts(resumed, *again) == ["th", "ree", ""]


async def test_choices_are_told_apart() -> None:
    resumed = Resumed()
    await texts(resumed, Chunk("a", index=0), Chunk("b", index=1))
    rest = [chunk async for chunk in resumed.rest(said(Chunk("bc", index=1), Chunk("ad")))]
    assert rest == [Chunk("c", index=1), Chunk("d")]


@pytest.mark.parametrize(
    "other",
    [[Chunk("other")], [Chunk("on", finish_reason="stop")]],
)
async def test_another_answer_does_not_go_on(other: list[Chunk]) -> None:
    resumed = Resumed()
    await texts(resumed, Chunk("one"))
    with pytest.raises(EngineInterrupted):
        await texts(resumed, *other)


async def test_what_is_no_plain_text_is_not_begun_again() -> None:
    resumed = Resumed()
    await texts(resumed, Chunk(calls=(CallDelta(0, "{", "call", "f"),)))
    with pytest.raises(EngineInterrupted):
        await texts(resumed, Chunk("x"))


async def test_nothing_given_yet_leaves_everything_open() -> None:
    resumed = Resumed()
    await texts(resumed)
    assert await texts(resumed, Chunk("x"), END) == ["x", ""]
