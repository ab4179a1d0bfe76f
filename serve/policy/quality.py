"""Golden questions: whether one answer is good, and whether answers have become worse."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.engine import Format
from serve.policy.filters.fitting import fits

LEVEL: Final = 0.01  # how often a run of all sets may look like a drop that is none
WINDOW: Final = 20  # runs that the last one is compared with
EDGES: Final = " .!?\"'`*“”„«»"  # around an answer, they say nothing

Passed = Mapping[str, bool]  # by question; those that could not be asked are not in it
Sets = Mapping[str, Passed]

_MARK: Final = re.compile(r"\s?\[\d{1,3}\]")
_FENCED: Final = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.S)


def normalised(text: str) -> str:
    """Without what makes no difference to a reader: case, width, white space, a final stop; and
    without marks of citations.
    """
    plain = unicodedata.normalize("NFKC", _MARK.sub("", text)).casefold()
    return " ".join(plain.split()).strip(EDGES)


def is_exactly(answer: str, wanted: str) -> bool:
    return normalised(answer) == normalised(wanted)


def missing(answer: str, wanted: Sequence[str]) -> list[str]:
    """What of `wanted` the answer does not contain."""
    said = normalised(answer)
    return [each for each in wanted if normalised(each) not in said]


def has_form(answer: str, schema: Mapping[str, Any]) -> bool:
    """Whether the answer is JSON of this schema; it may stand in a fence."""
    fenced = _FENCED.fullmatch(answer)
    return fits(fenced[1] if fenced else answer, Format("json_schema", schema))


def verdict(said: str) -> bool | None:
    """What a judge says as `{"correct": "yes"}` or "no"; None where it says neither."""
    try:
        told = json.loads(said)
    except (ValueError, RecursionError):
        return None
    word = told.get("correct") if isinstance(told, dict) else None
    return {"yes": True, "no": False}.get(word) if isinstance(word, str) else None


@dataclass(frozen=True, slots=True)
class Trend:
    """Of one set of questions. `share` of the last run's passed, `before`: of those that it is
    compared with, for the same questions; None: there are none. `chance` is the p-value.
    """

    share: float | None
    before: float | None
    chance: float
    dropped: bool


def compared(last: Sets, good: Mapping[str, Sequence[Passed]]) -> dict[str, Trend]:
    """How each set of the last run is. `good`: by set, the runs before it that were no drop
    themselves, the newest last; so a drop lasts until answers are good again.
    """
    level = LEVEL / max(1, len(last))
    return {
        name: _trend(passed, good.get(name, ())[-WINDOW:], level) for name, passed in last.items()
    }


def _trend(last: Passed, earlier: Sequence[Passed], level: float) -> Trend:
    known = [run[question] for run in earlier for question in last if question in run]
    p_value = chance(last, earlier)
    return Trend(_share(list(last.values())), _share(known), p_value, p_value <= level)


def _share(passed: Sequence[bool]) -> float | None:
    return sum(passed) / len(passed) if passed else None


def chance(last: Passed, earlier: Sequence[Passed]) -> float:
    """How likely so few would pass if the last run were like the earlier ones.

    Exact, given how often each question passed in all: then each of its runs is as likely as any
    other to be one of those, so that the count of the last run is a sum of coin flips, one for
    each question. With one earlier run that is McNemar's exact test, one-sided.
    """
    counts: NDArray[np.floating[Any]] = np.ones(1)  # the chance of each count
    passed = 0
    for question, good in last.items():
        before = [run[question] for run in earlier if question in run]
        share = (sum(before) + good) / (len(before) + 1)
        if 0 < share < 1:  # else it is always the same, or was never asked before
            counts = np.convolve(counts, (1 - share, share))
            passed += good
    return min(1.0, float(counts[: passed + 1].sum()))
