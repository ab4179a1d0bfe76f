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
from ui.markdown import to_html
from ui.refusals import Refused
from ui.stream import Kept, Measure, Origin, Piece, Stage

State = Literal["waiting", "writing", "done", "failed", "stopped"]
Sources = Annotated[list[Source], BeforeValidator(lambda value: read(Source, value))]
Citations = Annotated[list[Citation], BeforeValidator(lambda value: read(Citation, value))]
CollectionId = Annotated[str, Field(min_length=1, max_length=128)]
RequestId = Annotated[str, Field(max_length=64)]


class Turn(BaseModel):
    """`receipts`: the requests that made it, several where it was continued. `stage`: what it waits
    for. `finish`: why it ended, as the appliance calls it. `retry_after`: in how many seconds
    another try is worth it.
    """

    model_config = ConfigDict(extra="ignore")

    role: Literal["user", "assistant"]
    text: str = ""
    model: str = Field("", max_length=256)  # who wrote it
    note: str = ""
    state: State = "done"
    sources: Sources = []
    citations: Citations = []
    receipts: list[RequestId] = []
    stage: Stage | None = None
    finish: str = ""
    retry_after: int | None = None

    def take(self, piece: Piece, start: int = 0) -> None:
        """`start`: where the text begins that citations count from."""
        match piece:
            case str():
                self.text, self.state, self.stage = self.text + piece, "writing", None
            case Stage():
                self.stage = piece
            case Origin():
                self.receipts.append(piece.request_id)
                self.model = piece.model or self.model
            case Grounds():
                self.sources.extend(one for one in piece.sources if one not in self.sources)
                self.citations.extend(one.moved(start) for one in piece.citations)
            case Measure():
                self.state, self.stage, self.finish = "done", None, piece.finish_reason
                self.note = note(piece, self.model)

    def fail(self, refused: Refused) -> None:
        """The page counts the seconds, where they are known."""
        self.state, self.stage, self.retry_after = "failed", None, refused.retry_after
        self.note = refused.message if refused.retry_after is None else refused.why


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

    `again`: the last question was answered already, and another answer is wanted. `proceed`: the
    last answer ended early, and the rest of it is wanted. `model`: who shall answer; "": whom the
    settings name.
    """

    model_config = ConfigDict(extra="ignore")

    id: str = Field(max_length=64)
    run: int = 0
    again: bool = False
    model: str = Field("", max_length=256)
    proceed: bool = False
    turns: list[Turn] = Field(max_length=2000)
    documents: Documents = Documents()

    @classmethod
    def read(cls, value: object) -> "Conversation":
        """Raises `Refused` when the browser holds something else."""
        try:
            return cls.model_validate(value)
        except ValidationError as exc:
            raise Refused(words.BAD_CONVERSATION) from exc

    @property
    def _unfinished(self) -> Turn | None:
        """The answer that shall be continued."""
        last = self.turns[-1] if self.turns and self.proceed else None
        return last if last and last.role == "assistant" and last.text else None

    def begun(self) -> tuple[int, Turn]:
        """The answer that will grow, and its place."""
        if (last := self._unfinished) is None:
            return len(self.turns), Turn(role="assistant", state="waiting")
        begun = last.model_copy(deep=True)
        begun.state, begun.note, begun.finish = "writing", "", ""
        return len(self.turns) - 1, begun

    def request(self, system: str) -> dict[str, object]:
        """Its part of a chat completion's body."""
        fresh = {"cache": "no-cache"} if self.again else {}
        rest = {"continue_final_message": True} if self._unfinished else {}
        return {**self.documents.request(), **fresh, **rest, "messages": self.messages(system)}

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
        model = conversation.model or self.model
        if not model:
            raise Refused(words.NO_MODEL)
        sampling = self.model_dump(exclude={"system"}, exclude_none=True) | {"model": model}
        return {**sampling, **conversation.request(self.system or "")}


DrawnTurn = dict[str, Any]  # the fields of a `Turn`, and its text as HTML


class Painting(TypedDict):
    """Drawn turns of conversation `chat`, the first of them at position `first`."""

    chat: str
    run: int
    first: int
    turns: list[DrawnTurn]


def drawn(turn: Turn) -> DrawnTurn:
    """Only answers are Markdown; what the user wrote is shown as it was written."""
    html = to_html(turn.text, turn.citations) if turn.role == "assistant" else ""
    return {**turn.model_dump(), "html": html}


def painting(conversation: Conversation, first: int, turns: list[Turn]) -> Painting:
    return Painting(
        chat=conversation.id, run=conversation.run, first=first, turns=[drawn(t) for t in turns]
    )


def note(measure: Measure, model: str) -> str:
    """The line under an answer."""
    if measure.kept:
        parts = [_asked(measure.kept), words.KEPT.format(seconds=measure.whole)]
    else:
        by = words.ANSWERED_BY if model else words.ANSWERED
        parts = [by.format(model=model, seconds=measure.whole), _pace(measure)]
    if measure.finish_reason == "length":
        parts.append(words.CUT)
    if measure.finish_reason == "content_filter":
        parts.append(words.FILTERED)
    return " · ".join(parts)


def _pace(measure: Measure) -> str:
    return words.PACE.format(n=measure.answer_tokens, rate=measure.tokens_per_second)


def _asked(kept: Kept) -> str:
    """When the question of a kept answer was asked, and how alike it is."""
    units = zip((1, 60, 3600), (60, 3600, math.inf), words.table("AGO").values(), strict=True)
    ago = next(said.format(n=kept.age // size) for size, end, said in units if kept.age < end)
    said = words.ASKED_ALIKE if kept.why else words.ASKED_BEFORE
    return said.format(ago=ago, why=kept.why)
