"""The file of golden questions: one JSON object a line, each with what its answer must be like."""

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from serve.request import AUTO
from serve.sections.section import Section

MOST: Final = 1000  # questions
MOST_SETS: Final = 20  # each is a series of metrics
MOST_BYTES: Final = 16 << 20
KINDS: Final = ("exact", "contains", "schema", "similar", "judged")

Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"\S")]


class GoldenRefused(Exception):
    """The file cannot be used: `args[0]` is one line for people, with line and field."""


class Similar(Section):
    """`least`: the cosine of both embeddings."""

    to: Text
    least: float = Field(0.8, gt=0, le=1)


class Golden(Section):
    """One question. An answer passes when it is all that is expected.

    `judged` is an answer that is right: a model says whether the given one says the same.
    """

    question: Text
    set: str = Field("golden", pattern=r"^[a-z0-9_-]{1,40}$")
    model: Text = AUTO
    collections: tuple[Text, ...] = ()
    documents_only: bool = False
    exact: Text | None = None
    contains: tuple[Text, ...] = ()
    form: dict[str, Any] | None = Field(None, alias="schema")
    similar: Similar | None = None
    judged: Text | None = None

    @field_validator("contains", "collections", mode="before")
    @classmethod
    def _as_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("form")
    @classmethod
    def _is_schema(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        try:
            Draft202012Validator.check_schema(value or {})
        except SchemaError as exc:
            raise ValueError("is no JSON schema") from exc
        return value

    @model_validator(mode="after")
    def _expects(self) -> "Golden":
        if not any((self.exact, self.contains, self.form is not None, self.similar, self.judged)):
            raise ValueError(f"expects nothing: it needs one of {', '.join(KINDS)}")
        if self.documents_only and not self.collections:
            raise ValueError("has 'documents_only' but no 'collections'")
        return self

    @property
    def id(self) -> str:
        """Of all of it: one that was changed is another question."""
        return sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()[:16]


def read_golden(path: Path, *, embedder: bool = True, judge: bool = True) -> list[Golden]:
    """Raises `GoldenRefused`; so does what needs an `embedder` or a `judge` where none is."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise GoldenRefused(f"The file is too large: at most {MOST_BYTES} bytes are allowed.")
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise GoldenRefused("The file cannot be read as UTF-8 text.") from exc
    found = dict[str, tuple[int, Golden]]()
    for number, line in enumerate(lines, 1):
        if line.strip():
            one = _golden(line, number)
            _check_means(one, number, embedder, judge)
            if one.id in found:
                raise GoldenRefused(f"Line {number}: it is line {found[one.id][0]} again.")
            found[one.id] = number, one
    golden = [one for _, one in found.values()]
    _check_size(golden)
    return golden


def _golden(line: str, number: int) -> Golden:
    try:
        return Golden.model_validate_json(line)
    except ValidationError as exc:
        raise GoldenRefused(f"Line {number}: {_words(exc.errors()[0])}.") from exc


def _words(error: ErrorDetails) -> str:
    if error["type"] == "json_invalid":
        return "it is no JSON"
    where = ".".join(map(str, error["loc"]))
    said = str(error.get("ctx", {}).get("error", error["msg"]))
    return f"'{where}': {said}" if where else said


def _check_means(one: Golden, number: int, embedder: bool, judge: bool) -> None:
    if one.similar and not embedder:
        raise GoldenRefused(f"Line {number}: 'similar' needs an embedder (embedder.engine).")
    if one.judged and not judge:
        raise GoldenRefused(f"Line {number}: 'judged' needs a tier that judges (quality.judge).")


def _check_size(golden: list[Golden]) -> None:
    if not golden:
        raise GoldenRefused("There are no questions in it.")
    if len(golden) > MOST:
        raise GoldenRefused(f"There are too many questions in it: at most {MOST} are allowed.")
    if len({one.set for one in golden}) > MOST_SETS:
        raise GoldenRefused(f"Field 'set' has too many values: at most {MOST_SETS} are allowed.")
