"""Answers made to fit the JSON that was asked for, where a policy wants it."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

from models.engine import Chunk, ChunkStream, Format, merge
from serve.policy.filters.fitting import fits, repaired
from serve.policy.filters.policy import Fit

Begin = Callable[[], ChunkStream]


async def watched(chunks: ChunkStream, asked: Format, note: Callable[[Fit], None]) -> ChunkStream:
    """`chunks` as they come; what does not fit in the end is noted."""
    seen = list[Chunk]()
    async with aclosing(chunks):
        async for chunk in chunks:
            seen.append(chunk)
            if chunk.finish_reason is not None and not _is_fit(merge(seen), asked):
                note("note")
            yield chunk


async def fitted(begin: Begin, asked: Format, fit: Fit, note: Callable[[Fit], None]) -> ChunkStream:
    """One chunk: the answer that `begin` generates, held back until it is known whether it fits.

    An answer that does not is repaired; generated once more, and then repaired; or blocked. What
    cannot be repaired stays as it is.
    """
    answer = await _whole(begin)
    if fit == "regenerate" and not _is_fit(answer, asked):
        note(fit)
        answer = await _whole(begin)
    if not _is_fit(answer, asked):
        note("block" if fit == "block" else "repair")
        answer = _blocked(answer) if fit == "block" else _repaired(answer, asked)
    yield answer


async def _whole(begin: Begin) -> Chunk:
    async with aclosing(begin()) as chunks:
        return merge([chunk async for chunk in chunks])


def _is_fit(answer: Chunk, asked: Format) -> bool:
    return bool(answer.calls) or fits(answer.text, asked)


def _blocked(answer: Chunk) -> Chunk:
    return replace(answer, text="", reasoning="", logprobs=(), finish_reason="content_filter")


def _repaired(answer: Chunk, asked: Format) -> Chunk:
    text = repaired(answer.text, asked)
    return answer if text is None else replace(answer, text=text, logprobs=())
