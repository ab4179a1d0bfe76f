"""Why an engine gives no answer.

    EngineError
    ├── PromptRefused              this prompt can never be answered: the caller must change it
    │   └── ContextLengthExceeded  prompt and output do not fit into the context together
    ├── EngineBusy                 the waiting room is full: come back later
    ├── EngineUnavailable          nothing can be produced at present: dead, out of reach
    │   └── EngineNotLoaded        it lives, but its model is not in memory (yet, or at all)
    ├── EngineInterrupted          the answer broke off: the engine failed or was stopped
    │   └── EngineDied             and nothing else will come from this engine either
    ├── GenerationTimeout          the prompt's own deadline passed
    └── ModelRefused               the model file is damaged, altered or not one that we run
        └── DoesNotFit             there is not enough memory for it, as it was asked for

Every argument goes positionally to `Exception.__init__`: that is what lets an error cross a
process boundary. `message` is for people and names no path, address or internal detail.
"""

from typing import Literal

Lack = Literal["memory", "cache"]


class EngineError(Exception):
    @property
    def message(self) -> str:
        return str(self.args[0])


class PromptRefused(EngineError):
    """`param` is the field's name as the HTTP interface spells it, `code` OpenAI's word for it."""

    def __init__(self, message: str, param: str | None = None, code: str | None = "invalid_value"):
        super().__init__(message, param, code)
        self.param = param
        self.code = code


class ContextLengthExceeded(PromptRefused):
    def __init__(self, message: str, param: str | None = "messages", code: str | None = None):
        super().__init__(message, param, code or "context_length_exceeded")

    @classmethod
    def of(
        cls, *, context: int, prompt: int, output: int, param: str = "messages"
    ) -> "ContextLengthExceeded":
        """All three in tokens; `output` is what was asked for (at least 1)."""
        return cls(
            f"This model's maximum context length is {context} tokens. However, you requested "
            f"{prompt + output} tokens ({prompt} in the prompt, {output} for the completion). "
            "Please reduce the length of the prompt or of the completion.",
            param,
        )


class EngineBusy(EngineError):
    """`retry_after` in seconds."""

    def __init__(self, message: str, retry_after: float = 1.0):
        super().__init__(message, retry_after)
        self.retry_after = retry_after


class EngineUnavailable(EngineError):
    """`retry_after` in seconds."""

    def __init__(self, message: str, retry_after: float = 5.0):
        super().__init__(message, retry_after)
        self.retry_after = retry_after


class EngineNotLoaded(EngineUnavailable):
    """`state` says whether that will pass: loading, asleep (a request wakes it), failed or

    unavailable (what it runs on is gone).
    """

    def __init__(self, message: str, retry_after: float = 5.0, state: str = "loading"):
        super().__init__(message, retry_after)
        self.args = (message, retry_after, state)
        self.state = state


class EngineInterrupted(EngineError):
    pass


class EngineDied(EngineInterrupted):
    pass


class GenerationTimeout(EngineError):
    pass


class ModelRefused(EngineError):
    pass


class DoesNotFit(ModelRefused):
    """`lack`: of memory for what was asked for, or of what is left of that for the KV cache."""

    def __init__(self, message: str, lack: Lack) -> None:
        super().__init__(message, lack)
        self.lack = lack
