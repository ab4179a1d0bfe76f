"""What every request schema shares: allow-lists, limits, and errors in OpenAI's words.

A schema is a strict pydantic model of exactly the fields that are understood. A null stands for
a field that was not sent. Limits come from the settings, as the validation context.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError, PydanticKnownError

from serve.api.strict_json import shown
from serve.errors import BadRequest
from serve.sections.requests import LimitSettings

# Fields of OpenAI's and of other servers' interfaces that are refused by name, so that whoever
# sends them learns why; what is neither here nor in a schema is unknown.
_ELSEWHERE = """
    add_special_tokens allowed_token_ids api_base api_key audio bad_words
    base_url best_of cache_prompt cache_salt chat_template chat_template_kwargs
    documents dynatemp_range echo extra_body function_call functions grammar
    guided_choice guided_decoding_backend guided_grammar guided_json guided_regex id_slot
    ignore_eos include_stop_str_in_output kv_transfer_params length_penalty lora lora_path
    lora_request min_p min_tokens mirostat mm_processor_kwargs modalities moderation n_predict
    num_ctx prediction priority prompt_cache_options prompt_cache_retention prompt_embeds
    prompt_logprobs reasoning_effort repeat_penalty repetition_penalty return_token_ids
    return_tokens_as_token_ids skip_special_tokens spaces_between_special_tokens stop_token_ids
    store structured_outputs suffix top_k truncate_prompt_tokens typical_p use_beam_search
    verbosity vllm_xargs web_search_options
"""
# The values with which each of them asks for nothing, and is let through.
_HARMLESS: Mapping[str, tuple[object, ...]] = {
    "best_of": (1,),
    "echo": (False,),
    "modalities": (["text"],),
    "store": (False,),
    "suffix": ("",),
}
UNSUPPORTED = {name: (None, *_HARMLESS.get(name, ())) for name in _ELSEWHERE.split()}


class Schema(BaseModel):
    """`ignored` names fields that clients echo back to us and that mean nothing here."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)
    ignored: ClassVar[frozenset[str]] = frozenset()
    known: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        names = {field.alias or name for name, field in cls.model_fields.items()}
        cls.known = cls.ignored | names

    @model_validator(mode="before")
    @classmethod
    def _only_known_fields(cls, data: object) -> object:
        """Stops at the first stranger, so that a body full of them costs nothing."""
        if isinstance(data, dict):
            for name in data.keys() - cls.known:
                _refuse_stranger(name, data[name])
        return data


def _refuse_stranger(name: str, value: object) -> None:
    if name not in UNSUPPORTED:
        raise PydanticCustomError(
            "unknown_parameter", "Unknown parameter.", {"at": f".{name[:64]}"}
        )
    if not any(type(value) is type(v) and value == v for v in UNSUPPORTED[name]):
        raise PydanticCustomError(
            "unsupported_parameter", "This parameter is not supported.", {"at": f".{name}"}
        )


def limits_of(info: ValidationInfo) -> LimitSettings:
    return cast("LimitSettings", info.context)


def _limit(info: ValidationInfo, name: str) -> int:
    return int(getattr(limits_of(info), name))


def at_most(name: str) -> AfterValidator:
    """A number no greater than the limit called `name`."""

    def check(value: int, info: ValidationInfo) -> int:
        if value > (limit := _limit(info, name)):
            raise PydanticKnownError("less_than_equal", {"le": limit})
        return value

    return AfterValidator(check)


def counted(name: str) -> BeforeValidator:
    """An array or object with no more entries than the limit called `name`, seen before them."""

    def check(value: object, info: ValidationInfo) -> object:
        limit = _limit(info, name)
        if isinstance(value, list | dict) and len(value) > limit:
            sizes = {"field_type": "List", "max_length": limit, "actual_length": len(value)}
            raise PydanticKnownError("too_long", sizes)
        return value

    return BeforeValidator(check)


Name = Annotated[str, Field(max_length=512)]
ModelName = Annotated[str, Field(min_length=1, max_length=256)]

S = TypeVar("S", bound=Schema)


def validated(schema: type[S], document: Mapping[str, Any], limits: LimitSettings) -> S:
    """`document` as a `schema`. Raises `BadRequest` for the first thing that is wrong with it."""
    try:
        return schema.model_validate(document, strict=True, context=limits)
    except ValidationError as exc:
        raise _translated(exc.errors(include_url=False)[0]) from exc


# pydantic's word for what is wrong -> OpenAI's code, and a sentence.
_PROBLEMS = {
    "missing": ("missing_required_parameter", "Missing required parameter: '{param}'."),
    "unknown_parameter": ("unknown_parameter", "Unknown parameter: {name}."),
    "extra_forbidden": ("unknown_parameter", "Unknown parameter: {name}."),
    "unsupported_parameter": (
        "unsupported_parameter",
        "Unsupported parameter: '{param}' is not supported here.",
    ),
    "too_long": (
        "array_above_max_length",
        "Invalid '{param}': too long. Expected at most {max_length} entries, but got "
        "{actual_length}.",
    ),
    "too_short": ("empty_array", "Invalid '{param}': it must not be empty."),
    "string_too_long": (
        "string_above_max_length",
        "Invalid '{param}': the string is too long. At most {max_length} characters are allowed.",
    ),
    "string_too_short": ("invalid_value", "Invalid '{param}': the string must not be empty."),
    "string_pattern_mismatch": (
        "invalid_value",
        "Invalid '{param}': it must match the pattern '{pattern}'.",
    ),
    "literal_error": (
        "invalid_value",
        "Invalid value for '{param}'. Supported values are: {expected}.",
    ),
    "finite_number": ("invalid_value", "Invalid '{param}': the number must be finite."),
}
_BOUNDS = {
    "greater_than_equal": ("below_min_value", "below minimum value", ">=", "ge"),
    "greater_than": ("below_min_value", "below minimum value", ">", "gt"),
    "less_than_equal": ("above_max_value", "above maximum value", "<=", "le"),
    "less_than": ("above_max_value", "above maximum value", "<", "lt"),
}
_EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "a boolean",
    "list_type": "an array",
    "tuple_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
}
_GOT = {
    bool: "a boolean",
    int: "an integer",
    float: "a decimal number",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


def _translated(error: ErrorDetails) -> BadRequest:
    kind, context = error["type"], error.get("ctx", {})
    param = dotted(error["loc"], str(context.get("at", "")))
    if kind in _BOUNDS:
        return _out_of_bounds(param, error)
    if kind in _EXPECTED:
        got = _GOT.get(type(error["input"]), "something else")
        message = f"Invalid type for '{param}': expected {_EXPECTED[kind]}, but got {got} instead."
        return BadRequest(message, param, "invalid_type")
    if kind in _PROBLEMS:
        code, sentence = _PROBLEMS[kind]
        name = shown(param.rpartition(".")[2])
        return BadRequest(sentence.format(**{**context, "param": param, "name": name}), param, code)
    return BadRequest(error["msg"], param, kind)


def _out_of_bounds(param: str, error: ErrorDetails) -> BadRequest:
    code, words, sign, key = _BOUNDS[error["type"]]
    bound = error["ctx"][key]
    kind = "decimal" if isinstance(bound, float) else "integer"
    message = f"Invalid '{param}': {kind} {words}. Expected a value {sign} {bound:g}."
    return BadRequest(message, param, f"{kind}_{code}")


def dotted(loc: tuple[int | str, ...], more: str = "") -> str:
    """The path of a value as OpenAI spells it: `messages[0].role`."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part[:64]}" for part in loc)
    return (path + more).removeprefix(".")
