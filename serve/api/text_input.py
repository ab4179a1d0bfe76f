"""Text or token ids, one or many: the `prompt` of completions and the `input` of embeddings."""

from collections.abc import Sized
from typing import Annotated

from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

from serve.errors import BadRequest

TextInput = str | tuple[int, ...]

MAX_TOKEN_ID = 2**31 - 1


def _each(value: object) -> tuple[TextInput, ...]:
    """The single inputs in OpenAI's four spellings: text, ids, a list of texts, a list of ids."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise _wrong_type("")
    if not value:
        raise PydanticCustomError("too_short", "The array must not be empty.")
    if type(value[0]) is int:
        return (_ids(value, ""),)
    kind = type(value[0])
    return tuple(_one(item, kind, f"[{position}]") for position, item in enumerate(value))


def _one(item: object, kind: type, at: str) -> TextInput:
    if type(item) is not kind:
        raise _wrong_type(at)
    if isinstance(item, str):
        return item
    if isinstance(item, list):
        return _ids(item, at)
    raise _wrong_type(at)


def _ids(items: list[object], at: str) -> tuple[int, ...]:
    if not items:
        raise PydanticCustomError("too_short", "The array must not be empty.", {"at": at})
    ids = tuple(item for item in items if type(item) is int)
    if len(ids) != len(items):
        raise _wrong_type(at)
    if min(ids) < 0 or max(ids) > MAX_TOKEN_ID:
        raise PydanticCustomError("invalid_value", "A token id is out of range.", {"at": at})
    return ids


def _wrong_type(at: str) -> PydanticCustomError:
    return PydanticCustomError(
        "invalid_type",
        "Expected a string, an array of strings, an array of token ids, or an array of those.",
        {"at": at},
    )


TextInputs = Annotated[tuple[TextInput, ...], PlainValidator(_each)]


def check_count(inputs: Sized, most: int) -> None:
    """Raises `BadRequest` with more than `most` of `input`."""
    if len(inputs) > most:
        raise BadRequest(
            f"Invalid 'input': at most {most} entries are allowed, but these are {len(inputs)}.",
            "input",
            "array_above_max_length",
        )
