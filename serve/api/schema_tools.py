"""What a chat may use: functions of the client's, and collections of documents."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from index.filters import parse
from serve.api.schema import Schema
from serve.api.schema_messages import FunctionName
from serve.documents.grounding import FromDocuments
from serve.errors import BadRequest


def _an_object(value: object) -> object:
    if not isinstance(value, dict):
        raise PydanticCustomError("invalid_schema", "A JSON schema must be an object.")
    return value


SchemaObject = Annotated[dict[str, Any], BeforeValidator(_an_object)]


CollectionName = Annotated[str, Field(min_length=1, max_length=1024)]
Collections = Annotated[list[CollectionName], Field(min_length=1, max_length=16)]


class FunctionSpec(Schema):
    name: FunctionName
    description: str | None = None
    parameters: SchemaObject | None = None
    strict: bool | None = None


class RankingOptions(Schema):
    ranker: str | None = None
    score_threshold: Annotated[float, Field(ge=0, le=1)] | None = None


class ToolSpec(Schema):
    """A function, or OpenAI's `file_search`, which looks into collections before the answer."""

    type: Literal["function", "file_search"]
    function: FunctionSpec | None = None
    vector_store_ids: Collections | None = None
    max_num_results: Annotated[int, Field(ge=1, le=50)] | None = None
    filters: dict[str, Any] | None = None
    ranking_options: RankingOptions | None = None


def check_kinds(tools: Sequence[ToolSpec]) -> None:
    """Each tool has what its kind needs. Raises `BadRequest`."""
    for place, tool in enumerate(tools):
        needed = "function" if tool.type == "function" else "vector_store_ids"
        if getattr(tool, needed) is None:
            param = f"tools[{place}].{needed}"
            message = f"Missing required parameter: '{param}'."
            raise BadRequest(message, param, "missing_required_parameter")
    if sum(tool.type == "file_search" for tool in tools) > 1:
        raise BadRequest("Only one tool may be a file_search.", "tools", "invalid_value")


def documents_of(
    tools: Sequence[ToolSpec], collections: Sequence[str], only: bool
) -> FromDocuments | None:
    """None: the answer is made without documents. Raises `InvalidQuery` for a bad filter."""
    searches = [(place, tool) for place, tool in enumerate(tools) if tool.type == "file_search"]
    if not searches:
        return FromDocuments(tuple(collections), only) if collections else None
    place, search = searches[0]
    ranking = search.ranking_options
    return FromDocuments(
        tuple(dict.fromkeys([*collections, *(search.vector_store_ids or ())])),
        only,
        most=search.max_num_results,
        threshold=ranking.score_threshold if ranking else None,
        filter=parse(search.filters, f"tools[{place}].filters") if search.filters else None,
    )
