"""Who goes first when the machine runs out of memory."""

from contextlib import suppress
from pathlib import Path
from typing import Final

ADJUSTMENT: Final = Path("/proc/self/oom_score_adj")
FIRST: Final = 1000  # the kernel's highest


def go_first() -> None:
    """This process, and what it starts from now on, is ended before any that did not ask for it."""
    with suppress(OSError):  # where there is no such thing
        ADJUSTMENT.write_text(str(FIRST))
