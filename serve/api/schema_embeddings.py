"""`POST /v1/embeddings`: the request."""

from typing import Annotated, Literal

from pydantic import Field

from serve.api.schema import ModelName, Name, Schema
from serve.api.text_input import TextInputs, check_count
from serve.errors import BadRequest
from serve.sections.requests import LimitSettings


class EmbeddingRequest(Schema):
    model: ModelName
    input: TextInputs
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1)] | None = None
    user: Name | None = None

    def checked(self, limits: LimitSettings) -> "EmbeddingRequest":
        """Raises `BadRequest`."""
        check_count(self.input, limits.embedding_inputs)
        for position, one in enumerate(self.input):
            if one == "":
                at = f"input[{position}]" if len(self.input) > 1 else "input"
                raise BadRequest(f"Invalid '{at}': it must not be empty.", at, "invalid_value")
        return self
