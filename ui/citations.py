"""What an answer says about where it comes from, as the appliance sends it.

It repeats names and words of documents, which anybody may have written. One entry that cannot be
read costs that entry, never the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field, ValidationError

from ui import words

MOST = 200  # citations, and sources, of one answer

Entry = TypeVar("Entry", bound="Source")


class Source(BaseModel):
    """A passage that the model was given. `number` is what marks in the answer call it."""

    model_config = ConfigDict(extra="ignore")

    number: int = Field(ge=1, le=999)
    document: str = ""
    document_name: str = ""
    collection: str = ""
    # A source that is not cited has several: it is read from its first one on.
    passage: int | str | None = Field(
        None, validation_alias=AliasChoices("passage", AliasPath("passages", 0))
    )
    page: int | None = None
    heading: str | None = None


class Citation(Source):
    """A mark, checked. `start` and `end` are characters of the document's text, those of the
    sentence are characters of the answer. `missing`: what the source does not say.
    """

    verdict: Literal["verified", "partial", "unsupported"]
    quote: str = ""
    start: int = 0
    end: int = 0
    sentence_start: int
    sentence_end: int
    missing: list[str] = []

    def moved(self, start: int) -> "Citation":
        """The same in an answer whose new text begins at `start`."""
        places = {
            "sentence_start": start + self.sentence_start,
            "sentence_end": start + self.sentence_end,
        }
        return self.model_copy(update=places)

    @property
    def label(self) -> str:
        """The mark in words, for who cannot see it."""
        place = words.SOURCE_PAGE.format(page=self.page) if self.page is not None else ""
        name = self.document_name or words.SOURCE_UNKNOWN
        verdict = words.table("VERDICTS")[self.verdict]
        return words.SOURCE.format(number=self.number, name=name, place=place, verdict=verdict)


@dataclass(frozen=True, slots=True)
class Grounds:
    """What one event of an answer's stream adds to its sources and citations."""

    sources: list[Source]
    citations: list[Citation]


def grounds(event: Mapping[str, Any]) -> Grounds | None:
    """What an event of a stream tells of documents; None if nothing."""
    sources = read(Source, event.get("sources"))
    deltas = [choice.get("delta") or {} for choice in event.get("choices") or ()]
    citations = [found for delta in deltas for found in read(Citation, delta.get("citations"))]
    return Grounds(sources, citations) if sources or citations else None


def read(entry: type[Entry], value: object) -> list[Entry]:
    """Those of a list that can be read."""
    found = []
    for item in value[:MOST] if isinstance(value, list) else ():
        try:
            found.append(entry.model_validate(item))
        except ValidationError:
            continue
    return found
