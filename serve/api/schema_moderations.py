"""`POST /v1/moderations`: the request."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from serve.api.schema import ModelName, Schema
from serve.errors import BadRequest
from serve.sections.requests import LimitSettings


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class ModerationRequest(Schema):
    input: Annotated[list[str], Field(min_length=1), BeforeValidator(_as_list)]
    model: ModelName | None = None

    def checked(self, limits: LimitSettings) -> "ModerationRequest":
        """Raises `BadRequest`."""
        if len(self.input) > limits.embedding_inputs:
            raise BadRequest(
                f"Invalid 'input': at most {limits.embedding_inputs} entries are allowed, but "
                f"these are {len(self.input)}.",
                "input",
                "array_above_max_length",
            )
        return self
