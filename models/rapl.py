"""Energy of the processor packages, as Linux counts it (RAPL), where this process may read it."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path("/sys/class/powercap")


@dataclass(slots=True)
class _Package:
    file: Path
    span: int  # microjoules after which it begins again at 0
    last: int
    total: int = 0

    def read(self) -> int:
        """Microjoules since the first reading."""
        now = int(self.file.read_text())
        self.total += (now - self.last) % (self.span + 1)
        self.last = now
        return self.total


class Rapl:
    """Reads must come more often than counters wrap, which takes some minutes at full power."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._packages = list[_Package]()
        for package in sorted(folder.glob("intel-rapl:[0-9]*")):
            if package.name.count(":") > 1:  # a part of a package
                continue
            with suppress(OSError, ValueError):
                file = package / "energy_uj"
                span = int((package / "max_energy_range_uj").read_text())
                self._packages.append(_Package(file, span, int(file.read_text())))

    def joules(self) -> float | None:
        """Since this object was made, of all packages; None where none can be read."""
        try:
            counted = [package.read() for package in self._packages]
        except (OSError, ValueError):
            return None
        return sum(counted) / 1e6 if counted else None
