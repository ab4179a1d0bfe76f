"""What documents are made of, from the parser to an answer: values that every part shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

BlockKind = Literal["heading", "text", "list", "table", "code"]
Attribute = str | float | bool
Attributes = Mapping[str, Attribute]
Vector = NDArray[np.float32]
TokenVectors = NDArray[np.int8]

BLOCK_GAP = "\n\n"  # what stands between two blocks in a document's text


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document as its author meant it. `level`: 1 to 6 of a heading, else 0.

    `page` counts from 1 (also slides and sheets); None where a format has no pages.
    """

    kind: BlockKind
    text: str
    level: int = 0
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a parser found in a file. An archive gives several, named `archive.zip/inner.txt`.

    `media_type` is what the content is, whatever the name says. `notes` are for people: what of
    the file could not be read.
    """

    name: str
    media_type: str
    title: str
    blocks: tuple[Block, ...]
    pages: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return BLOCK_GAP.join(block.text for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that is found and cited on its own.

    `text` is `Parsed.text[start:end]`. `tokens` counts what the embedder sees of it, headings and
    special tokens included: never more than the embedder's limit. `turns` are the pages behind the
    first one: where in the document's text each begins, and its number.
    """

    ordinal: int
    text: str
    start: int
    end: int
    tokens: int
    headings: tuple[str, ...] = ()
    first_page: int | None = None
    last_page: int | None = None
    turns: tuple[tuple[int, int], ...] = ()

    def page_at(self, place: int) -> int | None:
        """The page with this place of the document's text."""
        begun = [page for start, page in self.turns if start <= place]
        return begun[-1] if begun else self.first_page

    @property
    def embedded_text(self) -> str:
        """What the embedder is given: the passage under its headings."""
        return "\n".join((" > ".join(self.headings), self.text)) if self.headings else self.text


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage with the document that it belongs to. `id` is never used again.

    `address` is the id that the document is shown under, "" where it has none.
    """

    id: int
    collection: str
    document: str
    document_name: str
    passage: Passage
    attributes: Attributes = field(default_factory=dict)
    address: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched for. `vector` (d,) of length 1; `tokens` (t, d): the question's own token
    vectors, of length 1 and times 127; either is None when there is no embedder at present.
    """

    text: str
    vector: Vector | None = None
    tokens: TokenVectors | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that answers, best first. `score` 0 to 1: how likely it is about the question.

    `stages` are the scores that led there, by stage (dense, lexical, fused, late, blended).
    """

    found: StoredPassage
    score: float
    stages: Mapping[str, float] = field(default_factory=dict)
