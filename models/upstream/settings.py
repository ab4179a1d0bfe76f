"""What the engine is told about its upstream."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from models.engine import Usage
from models.errors import ModelRefused

# OpenAI's own models want the longer word; everybody understands the shorter one.
LimitField = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for a connection, until the first token, between tokens, for a whole answer."""

    connect: float = 5.0
    first: float = 60.0
    between: float = 30.0
    whole: float = 600.0


@dataclass(frozen=True, slots=True)
class Prices:
    """Of a million tokens, in whatever money the owner counts in."""

    input: float = 0.0
    output: float = 0.0

    def of(self, usage: Usage) -> float:
        return (usage.prompt_tokens * self.input + usage.completion_tokens * self.output) / 1e6


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """`base_url` ends where `/chat/completions` begins; `model` is the upstream's name for it.

    `name` is our own name for the model. An empty `api_key` is not sent. `context_length` in
    tokens. `slots` answers run at once, on as many connections; `max_waiting` more may wait.
    Raises `ModelRefused` for an address or a key that cannot be one.
    """

    name: str
    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    context_length: int = 8192
    slots: int = 32
    max_waiting: int = 256
    limit_field: LimitField = "max_tokens"
    patience: Patience = Patience()
    prices: Prices = Prices()

    def __post_init__(self) -> None:
        if not _is_plain(self.base_url):
            raise ModelRefused(
                "The upstream's base_url must be an http(s) address without user, query or "
                "fragment, like https://host/v1."
            )
        if not (self.api_key.isascii() and self.api_key.isprintable() and " " not in self.api_key):
            raise ModelRefused("The upstream's API key has characters that no key has.")

    @property
    def hidden(self) -> tuple[str, ...]:
        """What no message may show."""
        host = urlsplit(self.base_url).hostname or ""
        return tuple(filter(None, (self.api_key, host)))

    def url(self, path: str) -> str:
        return f"{self.base_url.rstrip('/')}/{path}"


def _is_plain(base_url: str) -> bool:
    try:
        parts = urlsplit(base_url)
        parts.port  # noqa: B018  (raises for a port that is none)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and base_url.isascii()
        and base_url.isprintable()
        and not (set("?#@ ") & set(base_url))
    )
