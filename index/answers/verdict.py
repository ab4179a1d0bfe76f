"""Only from my documents: whether what was found is good enough to answer from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from index.answers.disarm import one_line
from index.documents import Hit

NEAREST: Final = 3  # documents that a refusal names

NOTHING: Final = (
    "Your documents say nothing about this. Ask in other words, or add documents that cover it."
)
NOT_ENOUGH: Final = (
    "Your documents do not answer this, as far as I can see. Nearest: {names}. Ask in other words, "
    "or add documents that cover it."
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """`text` is for the person who asked; `nearest` are the documents that it names."""

    text: str
    nearest: tuple[str, ...] = ()


def refusal(hits: Sequence[Hit], threshold: float) -> Refusal | None:
    """None when a hit's score reaches `threshold`: there is something to answer from."""
    if any(hit.score >= threshold for hit in hits):
        return None
    best = sorted(hits, key=lambda hit: hit.score, reverse=True)
    nearest = tuple(dict.fromkeys(hit.found.document_name for hit in best))[:NEAREST]
    if not nearest:
        return Refusal(NOTHING)
    names = ", ".join(f"`{_quotable(name)}`" for name in nearest)
    return Refusal(NOT_ENOUGH.format(names=names), nearest)


def _quotable(name: str) -> str:
    """A name that does not end the code that it is shown as."""
    return one_line(name).replace("`", "'") or "unnamed"
