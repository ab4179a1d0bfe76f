"""What was asked and answered in one request, where the owner wants that kept."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import orjson

from models.engine import Chunk, Prompt


@dataclass(slots=True)
class Texts:
    """As the client sent it and as it was answered, by choice."""

    asked: Sequence[Prompt]
    answered: dict[int, list[str]] = field(default_factory=dict)

    def saw(self, chunk: Chunk) -> None:
        self.answered.setdefault(chunk.index, []).append(chunk.text)

    def told(self) -> bytes:
        """JSON. Choices of the same prompt repeat it, which is told once."""
        asked = list(dict.fromkeys(prompt.input for prompt in self.asked))
        answered = ["".join(parts) for _, parts in sorted(self.answered.items())]
        return orjson.dumps({"asked": [_told(one) for one in asked], "answered": answered})


def _told(asked: object) -> object:
    if isinstance(asked, tuple) and asked and not isinstance(asked[0], int):
        return [asdict(message) for message in asked]
    return asked
