"""What was asked and answered in one request, where the owner wants that kept."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import orjson

from models.engine import Chunk, Message, Prompt, PromptInput


@dataclass(slots=True)
class Texts:
    """As the client sent it and as it was answered, by choice."""

    asked: Sequence[Prompt]
    answered: dict[int, list[str]] = field(default_factory=dict)

    def saw(self, chunk: Chunk) -> None:
        self.answered.setdefault(chunk.index, []).append(chunk.text)

    def told(self) -> bytes:
        """JSON. Choices of the same prompt repeat it, which is told once."""
        asked = list(dict.fromkeys(map(_asked, self.asked)))
        answered = ["".join(parts) for _, parts in sorted(self.answered.items())]
        return orjson.dumps({"asked": [_told(one) for one in asked], "answered": answered})


def _asked(prompt: Prompt) -> PromptInput:
    """With what of the answer was there."""
    turns = prompt.input if isinstance(prompt.input, tuple) else ()
    messages = tuple(turn for turn in turns if isinstance(turn, Message))
    return (*messages, Message("assistant", prompt.begun)) if prompt.begun else prompt.input


def _told(asked: PromptInput) -> object:
    if isinstance(asked, tuple) and asked and not isinstance(asked[0], int):
        return [asdict(message) for message in asked]
    return asked
