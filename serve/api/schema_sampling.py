"""The fields that chat and legacy completions share."""

from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from models.engine import Sampling
from serve.api.schema import ModelName, Name, Schema, at_most, counted, limits_of
from serve.errors import BadRequest

Penalty = Annotated[float, Field(ge=-2.0, le=2.0)]
TokenLimit = Annotated[int, Field(ge=1), at_most("max_tokens")]


def _listed(value: object, info: ValidationInfo) -> object:
    """One string is a list of one."""
    limits = limits_of(info)
    stops = [value] if isinstance(value, str) else value
    if isinstance(stops, list):
        for position, stop in enumerate(stops[: limits.stop]):
            if isinstance(stop, str) and not 0 < len(stop.encode()) <= limits.stop_bytes:
                raise PydanticCustomError(
                    "invalid_value",
                    f"A stop string must have 1 to {limits.stop_bytes} bytes.",
                    {"at": f"[{position}]" if isinstance(value, list) else ""},
                )
    return stops


def _token_ids(value: object) -> object:
    """JSON has only strings as keys; the ids in them are plain decimal numbers."""
    if not isinstance(value, dict):
        return value
    if not all(key.isascii() and key.isdigit() and len(key) < 10 for key in value):
        raise PydanticCustomError("invalid_value", "The keys of 'logit_bias' must be token ids.")
    if not all(type(bias) in (int, float) and -100 <= bias <= 100 for bias in value.values()):
        raise PydanticCustomError(
            "invalid_value", "The values of 'logit_bias' must be numbers from -100 to 100."
        )
    return {int(key): float(bias) for key, bias in value.items()}


class StreamOptions(Schema):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class SamplingFields(Schema):
    model: ModelName
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1), at_most("choices")] | None = None
    temperature: Annotated[float, Field(ge=0.0, le=2.0)] | None = None
    top_p: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    max_tokens: TokenLimit | None = None
    stop: Annotated[list[str], counted("stop"), BeforeValidator(_listed)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), le=2**63 - 1)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: (
        Annotated[dict[int, float], BeforeValidator(_token_ids), counted("logit_bias")] | None
    ) = None
    cache: Annotated[str, Field(max_length=100)] | None = None
    # Accepted because clients send them; they change nothing.
    user: Name | None = None
    safety_identifier: Name | None = None
    prompt_cache_key: Name | None = None
    service_tier: Name | None = None
    metadata: dict[str, str] | None = None

    @property
    def include_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)

    def check(self) -> None:
        """What no single field can tell. Raises `BadRequest`."""
        if self.stream_options is not None and not self.stream:
            raise BadRequest(
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                "stream_options",
            )
        if self.service_tier not in (None, "auto", "default"):
            raise BadRequest(
                "Only the service tiers 'auto' and 'default' exist here.",
                "service_tier",
                "unsupported_value",
            )

    @property
    def unset(self) -> frozenset[str]:
        """What the request leaves to the tier that answers."""
        named = {"temperature": self.temperature, "top_p": self.top_p}
        return frozenset(name for name, value in named.items() if value is None)

    def sampling(self, max_tokens: int | None, top_logprobs: int | None) -> Sampling:
        return Sampling(
            temperature=_or(self.temperature, 1.0),
            top_p=_or(self.top_p, 1.0),
            max_tokens=max_tokens,
            stop=tuple(self.stop or ()),
            seed=self.seed,
            presence_penalty=_or(self.presence_penalty, 0.0),
            frequency_penalty=_or(self.frequency_penalty, 0.0),
            logit_bias=self.logit_bias or {},
            top_logprobs=top_logprobs,
        )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
