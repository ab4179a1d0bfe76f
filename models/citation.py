"""What an answer says about where it comes from; it travels with the answer's chunks."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["verified", "partial", "unsupported"]


@dataclass(frozen=True, slots=True)
class Citation:
    """One mark `[number]` of one sentence, checked.

    `quote` is `[start:end]` of the document's text, word for word; empty when `unsupported`.
    `score` 0 to 1: how much of the sentence the source says. `missing` is what of the sentence the
    source does not say. `sentence_start` and `sentence_end` are places in the answer as its reader
    sees it, marks included. `added`: the model wrote no mark here; its text led to the source.
    A number that no source has comes with an empty `document`.
    """

    number: int
    verdict: Verdict
    score: float
    sentence_start: int
    sentence_end: int
    document: str = ""
    document_name: str = ""
    collection: str = ""
    passage: int | None = None
    page: int | None = None
    heading: str | None = None
    quote: str = ""
    start: int = 0
    end: int = 0
    missing: tuple[str, ...] = ()
    added: bool = False
