"""Tokens of an answer into chunks: whole characters, no stop strings, usage at the end."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from models.engine import Chunk, FinishReason, TokenLogprob, Usage
from models.text.detokenizer import Detokenizer, StopStrings


@dataclass(frozen=True, slots=True)
class Progress:
    """What one step added to an answer. `cached`: prompt tokens that were not computed again."""

    tokens: tuple[int, ...]
    logprobs: tuple[TokenLogprob, ...] = ()
    finish: FinishReason | None = None
    cached: int = 0


class Answer:
    """`piece` says what a token adds to the text."""

    def __init__(
        self, prompt_tokens: int, stop: Iterable[str], piece: Callable[[int], bytes]
    ) -> None:
        self._prompt_tokens = prompt_tokens
        self._tokens = 0
        self._piece = piece
        self._characters = Detokenizer()
        self._stops = StopStrings(stop)

    def chunk(self, progress: Progress) -> Chunk:
        """The next chunk. Tokens behind a stop string are dropped: they were computed in vain."""
        texts = []
        count = 0
        for token in progress.tokens:
            count += 1
            texts.append(self._stops.feed(self._characters.feed(self._piece(token))))
            if self._stops.found:
                break
        self._tokens += count
        finish: FinishReason | None = "stop" if self._stops.found else progress.finish
        if finish:
            texts.append(self._stops.flush())
        return Chunk(
            text="".join(texts),
            tokens=count,
            logprobs=progress.logprobs[:count],
            finish_reason=finish,
            usage=Usage(self._prompt_tokens, self._tokens, progress.cached) if finish else None,
        )
