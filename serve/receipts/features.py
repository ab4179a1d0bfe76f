"""What of a request is kept so that other policies can be tried on it: `hearth what-if`.

No text is among it. Whether two requests asked the same is told by digests with a secret of this
installation, so that nobody finds out what was asked by digesting guesses.
"""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final, Protocol

import orjson

from models.engine import Prompt
from serve.policy.freshness import Freshness
from serve.policy.routing import Asked, Guess, is_going_on, opening

SALT: Final = "features-salt"  # in the data directory
LENGTH: Final = 16  # bytes of a digest


@dataclass(slots=True)
class Features:
    """`wanted`: the model that was named, or auto. `size` in bytes of the prompt; `max_tokens`,
    `tools`, `schema` and `code` as in `Asked`; `quality`: the dial of this request.

    What follows is known later, or never: `digest` of all that was asked, the highest `temperature`
    that may be used, whether it is `repeatable` nevertheless, whether a kept answer may be read and
    this one kept; the `difficulty` that was guessed, of a `familiar` kind; the `places` that the
    tier had. `conversation`: a digest of how it began.
    """

    wanted: str
    size: int
    max_tokens: int | None
    tools: bool
    schema: bool
    code: bool
    choices: int
    quality: float | None
    conversation: str
    going_on: bool
    digest: str | None = None
    temperature: float = 0.0
    repeatable: bool = False
    read: bool = False
    keep: bool = False
    difficulty: float | None = None
    familiar: bool = True
    places: int | None = None

    def guessed(self, guess: Guess | None) -> None:
        if guess is not None:
            self.difficulty, self.familiar = round(guess.probability, 4), guess.known


class Whole(Protocol):
    """Of `serve.caching.asked.Question`, what is looked at here."""

    @property
    def temperature(self) -> float: ...

    @property
    def wish(self) -> Freshness: ...

    @property
    def repeatable(self) -> bool: ...

    def digest(self) -> bytes:
        """With the salt, too."""


class Noting:
    """Of one gateway. Without the `salt` of the installation, its digests mean nothing elsewhere
    and later.
    """

    def __init__(self, salt: bytes | None = None) -> None:
        self.salt = salt or secrets.token_bytes(32)

    def begun(self, wanted: str, prompts: Sequence[Prompt], quality: float | None) -> Features:
        asked = Asked.of(prompts[0], 0)
        return Features(
            wanted,
            asked.size,
            asked.max_tokens,
            asked.tools,
            asked.schema,
            asked.code,
            len(prompts),
            quality,
            self._digest(orjson.dumps(opening(prompts[0]))),
            is_going_on(prompts[0]),
        )

    def asked(self, features: Features | None, question: Whole) -> None:
        if features is None:
            return
        wish = question.wish
        features.digest = question.digest()[:LENGTH].hex()
        features.temperature, features.repeatable = question.temperature, question.repeatable
        features.keep = wish.allowed and wish.keep
        features.read = features.keep and wish.read

    def _digest(self, said: bytes) -> str:
        return blake2b(said, key=self.salt, digest_size=LENGTH).hexdigest()


def salt_in(folder: Path) -> bytes:
    """The secret of the installation; made by whoever comes first. Raises `OSError`."""
    file = folder / SALT
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = folder / f"{SALT}.{secrets.token_hex(4)}"
        with open(os.open(half, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as out:
            out.write(secrets.token_bytes(32))
        with suppress(FileExistsError):
            os.link(half, file)
        half.unlink()
    return file.read_bytes()
