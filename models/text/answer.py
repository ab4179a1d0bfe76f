"""Tokens of an answer into chunks: whole characters, no stop strings, usage at the end.

Thoughts come apart from the text; stop strings end the text only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from models.engine import Chunk, FinishReason, TokenLogprob, Usage
from models.text.detokenizer import Detokenizer, StopStrings
from models.text.thinking import Split, Thinking, ThinkingSplitter


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
        self,
        prompt_tokens: int,
        stop: Iterable[str],
        piece: Callable[[int], bytes],
        thinking: Thinking = "never",
    ) -> None:
        self._prompt_tokens = prompt_tokens
        self._tokens = 0
        self._piece = piece
        self._characters = Detokenizer()
        self._thinking = ThinkingSplitter(thinking)
        self._stops = StopStrings(stop)

    def chunk(self, progress: Progress) -> Chunk:
        """The next chunk. Tokens behind a stop string are dropped: they were computed in vain."""
        said = []
        count = 0
        for token in progress.tokens:
            count += 1
            said.append(self._before_stop(self._split(token)))
            if self._stops.found:
                break
        self._tokens += count
        if progress.finish and not self._stops.found:
            said.append(self._before_stop(self._thinking.flush()))
        finish: FinishReason | None = "stop" if self._stops.found else progress.finish
        if finish:
            said.append(Split(text=self._stops.flush()))
        return Chunk(
            text="".join(one.text for one in said),
            reasoning="".join(one.reasoning for one in said),
            tokens=count,
            logprobs=progress.logprobs[:count],
            finish_reason=finish,
            usage=Usage(self._prompt_tokens, self._tokens, progress.cached) if finish else None,
        )

    def _split(self, token: int) -> Split:
        return self._thinking.feed(self._characters.feed(self._piece(token)))

    def _before_stop(self, split: Split) -> Split:
        return Split(split.reasoning, self._stops.feed(split.text))
