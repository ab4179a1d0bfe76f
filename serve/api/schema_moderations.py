"""`POST /v1/moderations`: the request."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from serve.api.schema import ModelName, Schema
from serve.api.text_input import check_count
from serve.sections.requests import LimitSettings


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class ModerationRequest(Schema):
    input: Annotated[list[str], Field(min_length=1), BeforeValidator(_as_list)]
    model: ModelName | None = None

    def checked(self, limits: LimitSettings) -> "ModerationRequest":
        """Raises `BadRequest`."""
        check_count(self.input, limits.embedding_inputs)
        return self
