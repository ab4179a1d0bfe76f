"""What one file may cost."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """Sizes in bytes, times in seconds.

    `memory` is over what the interpreter itself needs. `expanded`, `ratio` and `members` hold for
    everything in an archive together, at any depth; `depth` archives may lie in one another.
    """

    seconds: float = 10.0
    memory: int = 512 * MIB
    file: int = 256 * MIB
    output: int = 64 * MIB
    expanded: int = 200 * MIB
    ratio: int = 100
    members: int = 2000
    depth: int = 2
