"""What a check of the doctor found."""

from dataclasses import dataclass
from typing import Literal

GB = 1_000_000_000
INSTALL = "run scripts/up"

Verdict = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem stops `hearth up`; a warning costs speed or safety. `mend` says what to do."""

    name: str
    verdict: Verdict
    detail: str
    mend: str = ""
