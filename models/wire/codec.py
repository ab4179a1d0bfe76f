"""What travels, as bytes: JSON of the dataclasses in `models.engine`, never pickled."""

from typing import Any, Final

import orjson
from pydantic import ConfigDict, TypeAdapter

from models import errors
from models.engine import Chunk, Prompt
from models.errors import EngineError
from models.load import Load

_CONFIG: Final = ConfigDict(
    ser_json_bytes="base64", val_json_bytes="base64", ser_json_inf_nan="constants"
)
_PROMPT: Final = TypeAdapter(tuple[Prompt], config=_CONFIG)  # a dataclass alone takes no config
_CHUNK: Final = TypeAdapter(tuple[Chunk], config=_CONFIG)
_LOAD: Final = TypeAdapter(tuple[Load], config=_CONFIG)


def prompt_to_bytes(prompt: Prompt) -> bytes:
    return _PROMPT.dump_json((prompt,))


def prompt_of_bytes(body: bytes) -> Prompt:
    return _PROMPT.validate_json(body)[0]


def chunk_to_bytes(chunk: Chunk) -> bytes:
    return _CHUNK.dump_json((chunk,), exclude_defaults=True)


def chunk_of_bytes(body: bytes) -> Chunk:
    return _CHUNK.validate_json(body)[0]


def load_to_bytes(load: Load) -> bytes:
    return _LOAD.dump_json((load,))


def load_of_bytes(body: bytes) -> Load:
    return _LOAD.validate_json(body)[0]


def error_to_bytes(error: EngineError) -> bytes:
    return orjson.dumps((type(error).__name__, error.args))


def error_of_bytes(body: bytes) -> EngineError:
    """The error that the other side raised, of the same class with the same arguments."""
    name, arguments = orjson.loads(body)
    found: Any = getattr(errors, name)
    error: EngineError = found(*arguments)
    return error
