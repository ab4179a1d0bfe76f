"""What the page and the server tell each other about a conversation.

The browser keeps every conversation. The page sends one as `Conversation`; the server answers
with a `Painting`: some of its turns, drawn. What the browser sends is input like any other, so it
is checked here.
"""

import math
from typing import Annotated, Any, Literal, TypedDict

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from ui import words
from ui.citations import Citation, Grounds, Source, read
from ui.client import Kept, Measure, Refused
from ui.markdown import to_html

State = Literal["waiting", "writing", "done", "failed", "stopped"]
Sources = Annotated[list[Source], BeforeValidator(lambda value: read(Source, value))]
Citations = Annotated[list[Citation], BeforeValidator(lambda value: read(Citation, value))]
CollectionId = Annotated[str, Field(min_length=1, max_length=128)]


class Turn(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: Literal["user", "assistant"]
    text: str = ""
    note: str = ""
    state: State = "done"
    sources: Sources = []
    citations: Citations = []

    def add(self, grounds: Grounds) -> None:
        self.sources.extend(grounds.sources)
        self.citations.extend(grounds.citations)


class Documents(BaseModel):
    """The collections that shall answer. `only`: and nothing else."""

    model_config = ConfigDict(extra="ignore")

    collections: list[CollectionId] = Field(default=[], max_length=16)
    only: bool = False

    def request(self) -> dict[str, object]:
        """Their part of a chat completion's body."""
        if not self.collections:
            return {}
        only = {"documents_only": True} if self.only else {}
        return {"collections": self.collections, **only}


class Conversation(BaseModel):
    """`run` counts the page's questions, so that it can tell a late answer from a current one.

    `again`: the last question was answered already, and another answer is wanted.
    """

    model_config = ConfigDict(extra="ignore")

    id: str = Field(max_length=64)
    run: int = 0
    again: bool = False
    turns: list[Turn] = Field(max_length=2000)
    documents: Documents = Documents()

    @classmethod
    def read(cls, value: object) -> "Conversation":
        """Raises `Refused` when the browser holds something else."""
        try:
            return cls.model_validate(value)
        except ValidationError as exc:
            raise Refused(words.BAD_CONVERSATION) from exc

    def messages(self, system: str) -> list[dict[str, str]]:
        """The turns as OpenAI's messages; answers that never came are left out."""
        head = [{"role": "system", "content": system}] if system.strip() else []
        return head + [{"role": t.role, "content": t.text} for t in self.turns if t.text]


class Settings(BaseModel):
    """The controls beside the conversation. `None`: as the appliance decides."""

    model: str | None
    system: str | None
    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    seed: int | None

    @field_validator("*", mode="before")
    @classmethod
    def _empty_means_unset(cls, value: object) -> object:
        return None if value == "" else value

    def request(self, conversation: Conversation) -> dict[str, object]:
        """The body of a chat completion. Raises `Refused` when there is no model to ask."""
        if not self.model:
            raise Refused(words.NO_MODEL)
        sampling = self.model_dump(exclude={"system"}, exclude_none=True)
        messages = conversation.messages(self.system or "")
        fresh = {"cache": "no-cache"} if conversation.again else {}
        return {**sampling, **conversation.documents.request(), **fresh, "messages": messages}


class DrawnTurn(TypedDict):
    role: str
    text: str
    html: str
    note: str
    state: State
    sources: list[dict[str, Any]]
    citations: list[dict[str, Any]]


class Painting(TypedDict):
    """Drawn turns of conversation `chat`, the first of them at position `first`."""

    chat: str
    run: int
    first: int
    turns: list[DrawnTurn]


def drawn(turn: Turn) -> DrawnTurn:
    """Only answers are Markdown; what the user wrote is shown as it was written."""
    html = to_html(turn.text, turn.citations) if turn.role == "assistant" else ""
    return DrawnTurn(
        role=turn.role, text=turn.text, html=html, note=turn.note, state=turn.state,
        sources=[source.model_dump() for source in turn.sources],
        citations=[citation.model_dump() for citation in turn.citations],
    )  # fmt: skip


def painting(conversation: Conversation, first: int, turns: list[Turn]) -> Painting:
    return Painting(
        chat=conversation.id, run=conversation.run, first=first, turns=[drawn(t) for t in turns]
    )


def note(measure: Measure) -> str:
    """The line under an answer."""
    parts = [
        words.SPEED.format(rate=measure.tokens_per_second),
        words.FIRST_TOKEN.format(seconds=measure.first_token),
    ]
    if measure.kept:
        parts = [_asked(measure.kept), words.KEPT.format(seconds=measure.whole)]
    parts.append(words.TOKENS.format(prompt=measure.prompt_tokens, answer=measure.answer_tokens))
    if measure.finish_reason == "length":
        parts.append(words.CUT)
    if measure.finish_reason == "content_filter":
        parts.append(words.FILTERED)
    return " · ".join(parts)


def _asked(kept: Kept) -> str:
    """When the question of a kept answer was asked, and how alike it is."""
    units = zip((1, 60, 3600), (60, 3600, math.inf), words.table("AGO").values(), strict=True)
    ago = next(said.format(n=kept.age // size) for size, end, said in units if kept.age < end)
    said = words.ASKED_ALIKE if kept.why else words.ASKED_BEFORE
    return said.format(ago=ago, why=kept.why)
