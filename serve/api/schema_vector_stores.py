"""`/v1/vector_stores` and below: what the requests may say."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NoReturn

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

from index.store.records import MOST_NAME
from serve.api.schema import Schema

MOST_PAIRS: Final = 16
MOST_KEY: Final = 64  # characters
MOST_VALUE: Final = 512
MOST_FILES: Final = 100  # of one request
MOST_DAYS: Final = 3650
Cache = Literal["on", "off"]
RANKERS = Literal["none", "auto", "default-2024-11-15"]


def _invalid(text: str, at: str = "") -> NoReturn:
    raise PydanticCustomError("invalid_value", "{text}", {"text": text, "at": at})


def _pairs(value: object, kinds: tuple[type, ...], words: str) -> object:
    """An object of few short keys; of its values only `kinds`, called `words`."""
    if not isinstance(value, dict):
        return value
    if len(value) > MOST_PAIRS:
        _invalid(f"At most {MOST_PAIRS} pairs are allowed.")
    for key, item in value.items():
        at = f".{key[:MOST_KEY]}"
        if not 1 <= len(key) <= MOST_KEY:
            _invalid(f"A key has 1 to {MOST_KEY} characters.", at)
        if type(item) not in kinds or (isinstance(item, float) and not math.isfinite(item)):
            _invalid(f"A value must be {words}.", at)
        if isinstance(item, str) and len(item) > MOST_VALUE:
            _invalid(f"A value has at most {MOST_VALUE} characters.", at)
    return value


def _metadata(value: object) -> object:
    return _pairs(value, (str,), "a string")


def _attributes(value: object) -> object:
    return _pairs(value, (str, int, float, bool), "a string, a number, true or false")


def _small_numbers(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A whole number is kept as one, as long as everybody reads it as the same number."""
    for key, item in value.items():
        if isinstance(item, int) and abs(item) > 2**53:
            _invalid("The number is too large.", f".{key}")
    return value


def _printable(name: str) -> str:
    if not name.isprintable():
        _invalid("Only printable characters are allowed.")
    return name


def _as_queries(value: object) -> object:
    if value == "":
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    return [value] if isinstance(value, str) else value


Metadata = Annotated[dict[str, str], BeforeValidator(_metadata)]
DocumentAttributes = Annotated[
    dict[str, Any], BeforeValidator(_attributes), AfterValidator(_small_numbers)
]
ShownName = Annotated[str, Field(min_length=1, max_length=MOST_NAME), AfterValidator(_printable)]
FileId = Annotated[str, Field(min_length=1, max_length=128)]
Query = Annotated[str, Field(min_length=1)]
Queries = Annotated[
    list[Query],
    Field(min_length=1, max_length=16),
    BeforeValidator(_as_queries),
]


class ExpiresAfter(Schema):
    anchor: Literal["last_active_at"]
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)]


class ChunkingStrategy(Schema):
    """Passages follow a document's structure and the embedder's limit; there is nothing to set."""

    type: Literal["auto"]


class NewStore(Schema):
    """`cache`: whether answers from it may be kept, and be given again."""

    name: ShownName | None = None
    description: Annotated[str, Field(max_length=MOST_VALUE)] | None = None
    file_ids: Annotated[list[FileId], Field(max_length=MOST_FILES)] | None = None
    metadata: Metadata | None = None
    expires_after: ExpiresAfter | None = None
    chunking_strategy: ChunkingStrategy | None = None
    cache: Cache | None = None


class ChangedStore(Schema):
    """What is not named stays. `expires_after` null: never from now on."""

    name: ShownName | None = None
    metadata: Metadata | None = None
    expires_after: ExpiresAfter | None = None
    cache: Cache | None = None


class NewStoreFile(Schema):
    """`name`: what the document is called in the collection; by default as its file."""

    file_id: FileId
    name: ShownName | None = None
    attributes: DocumentAttributes | None = None
    chunking_strategy: ChunkingStrategy | None = None


class ChangedStoreFile(Schema):
    """Null: it has none from now on."""

    attributes: DocumentAttributes | None


class RankingOptions(Schema):
    ranker: RANKERS | None = None
    score_threshold: Annotated[float, Field(ge=0, le=1)] | None = None


class StoreSearch(Schema):
    query: Queries
    filters: dict[str, Any] | None = None
    max_num_results: Annotated[int, Field(ge=1, le=50)] | None = None
    ranking_options: RankingOptions | None = None
    rewrite_query: bool | None = None


class NewReader(Schema):
    """`key`: its id or its name."""

    key: Annotated[str, Field(min_length=1, max_length=128)]
