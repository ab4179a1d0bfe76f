"""Bad keys, by the address that they come from: who tries many is answered later and later.

Keys cannot be guessed; this spares the log and the processor. A good key is never made to wait,
since many people may share an address.
"""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

FREE: Final = 20  # bad keys that one address may try at once
AGAIN: Final = 3.0  # seconds after which it may try one more
SHORTEST: Final = 1.0  # seconds to come back after
LONGEST: Final = 60.0
HELD: Final = 1.0  # the most seconds that an answer is held back
KEPT: Final = 4096  # addresses that are remembered
PREFIX: Final = 64  # bits: an IPv6 network of one owner


@dataclass(slots=True)
class _Tries:
    """`level`: bad keys that still count, as of `at`; `over`: how many came beyond `FREE`."""

    level: float
    at: float
    over: int = 0


@dataclass(frozen=True, slots=True)
class TooMany:
    """Seconds: to hold this answer back, and to come back after."""

    hold: float
    retry_after: float


class Knocks:
    """Of one gateway. `now` in seconds of any clock that does not go back."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def bad_key(self, address: str, now: float) -> TooMany | None:
        """One more came from `address`; None: it is not one too many."""
        place = _owner(address)
        tries = self._tries.pop(place, None) or _Tries(0.0, now)
        level = max(0.0, tries.level - max(0.0, now - tries.at) / AGAIN)
        over = tries.over + 1 if level + 1 > FREE else 0
        self._tries[place] = _Tries(min(level + 1, FREE + 1), now, over)
        if len(self._tries) > KEPT:
            self._tries.popitem(last=False)
        if not over:
            return None
        wait = min(SHORTEST * 2.0 ** min(over - 1, 16), LONGEST)
        return TooMany(min(HELD, wait / LONGEST), wait)


def _owner(address: str) -> str:
    """Of IPv6 the network: whoever has one address there has them all."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(int(parsed) >> (128 - PREFIX))
    return address
