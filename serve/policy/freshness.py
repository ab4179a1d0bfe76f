"""What a client says about caches: `Cache-Control` of RFC 9111, as far as a client may say it."""

from dataclasses import dataclass, replace
from math import inf
from typing import Final, Literal

Use = Literal["on", "exact", "off"]
KNOWN: Final = "no-cache, no-store and max-age=SECONDS"


@dataclass(frozen=True, slots=True)
class Freshness:
    """`read`: a kept answer will do, if it is at most `max_age` seconds old; `alike`: one to the
    same in other words, too. `keep`: this one may be kept, and be shared with whoever asks the same
    meanwhile. `allowed`: no owner forbids all of it.
    """

    read: bool = True
    keep: bool = True
    max_age: float = inf
    alike: bool = True
    allowed: bool = True

    def within(self, use: Use) -> "Freshness":
        """What is left of it where the owner of a key or of documents allows only `use`."""
        if use == "off":
            return replace(self, read=False, keep=False, alike=False, allowed=False)
        return self if use == "on" else replace(self, alike=False)

    def limited(self, said: str, strict: bool = True) -> "Freshness":
        """With what `said` asks on top. Raises `ValueError` with a directive that is not `KNOWN`;
        not `strict`, it is passed over, as the RFC wants it for the header.
        """
        wish = self
        for directive in filter(None, (part.strip().lower() for part in said.split(","))):
            name, _, value = directive.partition("=")
            if directive == "no-store":
                wish = replace(wish, read=False, keep=False)
            elif directive == "no-cache":
                wish = replace(wish, read=False)
            elif name == "max-age" and value.isascii() and value.isdigit() and len(value) < 12:
                wish = replace(wish, max_age=min(wish.max_age, float(value)))
            elif strict:
                raise ValueError(directive)
        return wish
