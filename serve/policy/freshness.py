"""What a client says about caches: `Cache-Control` of RFC 9111, as far as a client may say it."""

from dataclasses import dataclass, replace
from math import inf
from typing import Final

KNOWN: Final = "no-cache, no-store and max-age=SECONDS"


@dataclass(frozen=True, slots=True)
class Freshness:
    """`read`: a kept answer will do, if it is at most `max_age` seconds old. `keep`: this one may
    be kept, and be shared with whoever asks the same meanwhile.
    """

    read: bool = True
    keep: bool = True
    max_age: float = inf

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
