"""An answer that is begun again somewhere else, for readers who have a part of it already."""

from contextlib import aclosing
from dataclasses import replace

from models.engine import Chunk, ChunkStream
from models.errors import EngineInterrupted


class Resumed:
    """What `rest` gave before is not given again, as long as the answer begins as it did."""

    def __init__(self) -> None:
        self._said: dict[int, str] = {}
        self._plain = True

    async def rest(self, chunks: ChunkStream) -> ChunkStream:
        """Raises `EngineInterrupted` where `chunks` say something else than was said."""
        known = dict(self._said)
        async with aclosing(chunks):
            async for chunk in chunks:
                new = self._beyond(known, chunk) if self._said else chunk
                if new is None:
                    continue
                self._said[new.index] = self._said.get(new.index, "") + new.text
                self._plain = self._plain and not (new.calls or new.reasoning or new.logprobs)
                yield new

    def _beyond(self, known: dict[int, str], chunk: Chunk) -> Chunk | None:
        """What of `chunk` is new; `known` is left with what is still to be passed over."""
        left = known.get(chunk.index, "")
        common = min(len(left), len(chunk.text))
        ends_early = chunk.finish_reason is not None and len(left) > common
        if not self._plain or ends_early or left[:common] != chunk.text[:common]:
            raise EngineInterrupted("The answer broke off, and began otherwise when tried again.")
        known[chunk.index] = left[common:]
        if common == 0:
            return chunk
        if common == len(chunk.text) and chunk.finish_reason is None:
            return None
        return replace(chunk, text=chunk.text[common:])
