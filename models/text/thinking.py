"""What a model thinks, told apart from what it answers, in a stream of text.

Thinking models write `<think>…</think>` before their answer (DeepSeek-R1, Qwen3 and most since).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from models.text.detokenizer import held_back

# Whether an answer starts with thoughts: "begun" when the prompt itself ended in the opening tag.
Thinking = Literal["never", "maybe", "begun"]


@dataclass(frozen=True, slots=True)
class Tags:
    opening: str = "<think>"
    closing: str = "</think>"


THINK: Final = Tags()


class Split(NamedTuple):
    reasoning: str = ""
    text: str = ""


class ThinkingSplitter:
    """Splits a stream; how it was cut makes no difference to the sum of what comes out.

    Only white space may stand before the opening tag, so an answer that talks about tags stays
    an answer. White space around the thoughts belongs to nobody. Thoughts that never end are
    thoughts. Text is held back only while it may be part of a tag or such white space.
    """

    def __init__(self, thinking: Thinking = "maybe", tags: Tags = THINK) -> None:
        self._tags = tags
        states = {"never": self._answer, "maybe": self._undecided, "begun": self._thoughts}
        self._state: Callable[[], Split] = states[thinking]
        self._pending = ""
        self._has_thought = False

    def feed(self, text: str) -> Split:
        """What of the text so far is new and certain."""
        self._pending += text
        return self._state()

    def flush(self) -> Split:
        """What was held back, when nothing more comes."""
        pending, self._pending = self._pending, ""
        if self._state == self._thoughts:
            return Split(reasoning=pending.rstrip())
        return Split(text="" if self._state == self._gap else pending)

    def _go(self, state: Callable[[], Split], pending: str) -> Split:
        self._state, self._pending = state, pending
        return state()

    def _undecided(self) -> Split:
        begin = self._pending.lstrip()
        if begin.startswith(self._tags.opening):
            return self._go(self._thoughts, begin.removeprefix(self._tags.opening))
        if self._tags.opening.startswith(begin):
            return Split()
        return self._answer()

    def _thoughts(self) -> Split:
        if not self._has_thought:
            self._pending = self._pending.lstrip()
        thought, closing, rest = self._pending.partition(self._tags.closing)
        if closing:
            return Split(thought.rstrip(), self._go(self._gap, rest).text)
        safe = len(thought) - held_back(thought, self._tags.closing)
        certain = thought[:safe].rstrip()
        self._pending = thought[len(certain) :]
        self._has_thought = self._has_thought or bool(certain)
        return Split(reasoning=certain)

    def _gap(self) -> Split:
        """White space between the thoughts and the answer."""
        self._pending = self._pending.lstrip()
        return self._answer() if self._pending else Split()

    def _answer(self) -> Split:
        self._state = self._answer
        text, self._pending = self._pending, ""
        return Split(text=text)
