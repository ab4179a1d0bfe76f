"""`POST /v1/completions`: the request of OpenAI's legacy interface."""

from typing import Annotated

from pydantic import Field

from serve.api.schema_sampling import SamplingFields
from serve.api.text_input import TextInputs
from serve.errors import BadRequest
from serve.sections.requests import LimitSettings

DEFAULT_MAX_TOKENS = 16  # OpenAI's, for this endpoint only


class CompletionRequest(SamplingFields):
    prompt: TextInputs
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None

    def checked(self, limits: LimitSettings) -> "CompletionRequest":
        """What no single field can tell. Raises `BadRequest`."""
        self.check()
        choices = len(self.prompt) * (self.n or 1)
        if choices > limits.prompts:
            raise BadRequest(
                f"Invalid 'prompt': at most {limits.prompts} answers may be asked for at once, "
                f"but these are {choices}.",
                "prompt",
                "array_above_max_length",
            )
        return self

    @property
    def output_limit(self) -> int:
        return self.max_tokens or DEFAULT_MAX_TOKENS
