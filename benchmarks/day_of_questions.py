"""A day of questions: who asks what when, of meanings that come in several wordings.

Meanings made by rules are told apart for certain: each theme of `near_misses` has one for each
filling of its slots, for its slots swapped, and for each denial, form and language; all of a theme
are near-misses of each other. Natural ones are groups of texts that labels call the same, so two
groups may mean the same after all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.arrivals import Arrivals, Shape
from benchmarks.near_misses import FORMS, THEMES, Theme
from benchmarks.question_pairs import Labelled, groups, read, some, texts_of

DAY: Final = 86_400.0  # seconds
SCALE: Final = 8  # that lengths of the trace are divided by, as in `overload`
MOST: Final = Shape(512, 256)
TRAINED: Final = 12_000  # pairs that `semantic_cache` draws at most by default


@dataclass(frozen=True)
class Meaning:
    """`texts`: its wordings, the usual one first. `shape`: tokens of its prompt and its answer."""

    texts: tuple[str, ...]
    ruled: bool
    shape: Shape


@dataclass(frozen=True)
class Asked:
    """`at`: seconds since midnight. `meaning`: its number."""

    at: float
    meaning: int
    text: str


@dataclass(frozen=True)
class Plan:
    """`count` questions; meanings are as popular as 1 / rank ** `zipf`, and a share of `reworded`
    questions is not in a meaning's usual words.
    """

    trace: Path
    count: int
    zipf: float
    reworded: float
    seed: int


def meanings(plan: Plan, pairs: Path | None, natural: int) -> list[Meaning]:
    """The most popular first: those of rules and the `natural` ones are shuffled."""
    sets = [(texts, True) for theme in THEMES for texts in ruled(theme)]
    if pairs is not None:
        sets += [(texts, False) for texts in islice(_natural(read(pairs)), natural)]
    rng = np.random.default_rng(plan.seed)
    shapes = Arrivals(plan.trace, SCALE, MOST).shapes
    lengths = rng.integers(len(shapes), size=len(sets))
    order = rng.permutation(len(sets))
    return [Meaning(*sets[row], shapes[lengths[row]]) for row in order]


def ruled(theme: Theme) -> Iterator[tuple[str, ...]]:
    """The wordings of each meaning."""
    yield tuple(usual := theme.filled())
    for name, values in theme.slots.items():
        yield from (tuple(theme.filled(**{name: value})) for value in values[1:])
    if theme.swapped:
        one, other = theme.swapped
        values = theme.usual()
        yield tuple(theme.filled(**{one: values[other], other: values[one]}))
    yield from ((text,) for text in (*theme.denied, *theme.foreign))
    yield from (tuple(f"{text} {form}" for text in usual) for form in FORMS)


def _natural(pairs: list[Labelled]) -> Iterator[tuple[str, ...]]:
    """Groups of which the verdict has seen nothing, in an order that is always the same."""
    same = some([pair for pair in pairs if pair.same], len(pairs))
    seen = texts_of(some(pairs, TRAINED))
    found: dict[str, list[str]] = {}
    for text, group in groups(same).items():
        found.setdefault(group, []).append(text)
    return (tuple(texts) for texts in found.values() if not seen.intersection(texts))


def day(plan: Plan, known: Sequence[Meaning]) -> list[Asked]:
    """Arrivals of the trace, stretched over a day."""
    rng = np.random.default_rng(plan.seed + 1)
    arrivals = Arrivals(plan.trace, SCALE, MOST).draw(plan.count / DAY, DAY, plan.seed)
    popular = 1 / np.arange(1, len(known) + 1) ** plan.zipf
    drawn = rng.choice(len(known), size=len(arrivals), p=popular / popular.sum())
    return [
        Asked(at, int(number), _worded(known[number].texts, plan.reworded, rng))
        for (at, _), number in zip(arrivals, drawn, strict=True)
    ]


def _worded(texts: tuple[str, ...], reworded: float, rng: np.random.Generator) -> str:
    if len(texts) == 1 or rng.random() >= reworded:
        return texts[0]
    return texts[int(rng.integers(1, len(texts)))]
