"""Answers forced into a shape: JSON, a JSON schema, calls of tools.

The work is llguidance's (the library that vLLM uses too): a lazily built automaton over the
vocabulary's bytes says before each token which ones may follow.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper
from numpy.typing import NDArray

from models.engine import Format, JsonSchema, Prompt, Tool
from models.errors import PromptRefused
from models.llama.tools import CLOSING, OPENING
from models.schema import check_schema

KEPT_GRAMMARS: Final = 64

TEXT: Final = r"/(.|\n)*/"
NEWLINE: Final = r"/\n?/"
_STARTS: Final = {"none": "answer", "auto": "answer | calls", "required": "calls"}

# One space after a comma and a colon, none elsewhere: a small model cannot lose itself in blanks.
_STYLE: Final = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
# Descriptions of tools use words that no grammar can hold anyone to ("format": "uri").
_LENIENT: Final = {**_STYLE, "lenient": True, "coerce_one_of": True}
# What one caller's grammar may cost everybody's next step: some 20 ms at worst, as measured.
_LIMITS: Final = LLParserLimits(
    max_grammar_size=100_000,
    max_lexer_states=20_000,
    step_lexer_fuel=50_000,
    step_max_items=10_000,
    verbose_errors=False,
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`pieces[i]` are the bytes of token i; `control` are the tokens that are no text.

    `ends` are the tokens that end an answer. `tokenize` splits plain text as the model does.
    """

    pieces: Sequence[bytes]
    control: Collection[int]
    ends: Sequence[int]
    tokenize: Callable[[bytes], list[int]]


class Constraint:
    """What one answer may still say. Not safe for use in two threads at once.

    Any method but `done` raises `PromptRefused` when the grammar has become too complex to follow;
    that concerns this answer only.
    """

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher

    @property
    def done(self) -> bool:
        """Nothing but an end-of-generation token may follow."""
        return self._matcher.is_stopped()

    def mask(self, logits: NDArray[np.float32]) -> None:
        """Sets the logits (of one position, one per token) of what may not follow to -inf."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        _check(self._matcher)
        logits[np.unpackbits(bits, count=logits.size, bitorder="little") == 0] = -np.inf

    def accept(self, token: int) -> None:
        """Moves on by a token that `mask` allowed."""
        self._matcher.consume_token(token)
        _check(self._matcher)

    def forced(self) -> list[int]:
        """Tokens that must come next, as far as that is certain; often none."""
        return self._matcher.compute_ff_tokens()


class Grammars:
    """Compiles prompts' constraints for one vocabulary and keeps the latest."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        wrapped = TokenizerWrapper(_Tokenizer(vocabulary))
        self._tokenizer = LLTokenizer(wrapped, eos_token=list(vocabulary.ends))
        self._compiled = lru_cache(KEPT_GRAMMARS)(self._compile)

    def compile(self, prompt: Prompt) -> Constraint | None:
        """None where the answer is free.

        Takes up to half a second, without the interpreter lock, for the worst of schemas.
        Raises `PromptRefused` about `response_format` or `tools[i].function.parameters`.
        """
        grammar = _grammar(prompt)
        return Constraint(self._compiled(grammar).deep_copy()) if grammar else None

    def _compile(self, grammar: str) -> LLMatcher:
        matcher = LLMatcher(self._tokenizer, grammar, log_level=0, limits=_LIMITS)
        matcher.compute_bitmask()  # the most expensive step: a grammar that fails fails here
        _check(matcher)
        return matcher


class _Tokenizer:
    """A vocabulary under the names that llguidance looks for."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.eos_token_id = vocabulary.ends[0]
        self.bos_token_id = None
        self.tokens = list(vocabulary.pieces)
        self.special_token_ids = list(vocabulary.control)
        self._tokenize = vocabulary.tokenize

    def __call__(self, text: bytes) -> list[int]:
        return self._tokenize(text)


def _check(matcher: LLMatcher) -> None:
    if matcher.is_error():
        raise PromptRefused(
            "The answer's schema is too complex to follow.", "response_format", "schema_too_complex"
        )


def _grammar(prompt: Prompt) -> str | None:
    """What `prompt` asks for in llguidance's dialect of Lark."""
    mode = prompt.tool_choice.mode if prompt.tools else "none"
    if mode == "none" and prompt.format.kind == "text":
        return None
    rules = [f"start: {_STARTS[mode]}"]
    if mode != "required":
        rules.append(f"answer: {_answer(prompt.format)}")
    if mode != "none":
        # Lazy: the first opening tag ends the text, and from there on a call is enforced.
        text = TEXT if mode == "auto" and prompt.format.kind == "text" else ""
        rules += [f'opening[lazy]: {text} "{OPENING}"', *_call_rules(prompt)]
    return "\n".join(rules)


def _answer(form: Format) -> str:
    if form.kind == "text":
        return TEXT
    if form.kind == "json_object":
        return _checked({"type": "object"}, "response_format", _STYLE)
    return _checked(form.schema or {}, "response_format", _STYLE)


def _call_rules(prompt: Prompt) -> Iterator[str]:
    chosen = prompt.tool_choice.name
    tools = [(i, tool) for i, tool in enumerate(prompt.tools) if chosen in (None, tool.name)]
    more = f'("{OPENING}" call)*' if prompt.tool_choice.parallel else ""
    yield f"calls: opening call {more}"
    yield f'call: {NEWLINE} ({" | ".join(f"tool_{i}" for i, _ in tools)}) "}}" closing'
    yield f'closing: {NEWLINE} "{CLOSING}" {NEWLINE}'
    for i, tool in tools:
        head = json.dumps(f'{{"name": {json.dumps(tool.name)}, "arguments": ')
        yield f"tool_{i}: {head} {_arguments(tool, f'tools[{i}].function.parameters')}"


def _arguments(tool: Tool, param: str) -> str:
    """Arguments are an object, also where the schema does not say so."""
    if tool.parameters.get("type", "object") != "object":
        raise PromptRefused(
            f"Invalid schema for {param}: type must be object.", param, "invalid_schema"
        )
    return _checked({**tool.parameters, "type": "object"}, param, _LENIENT)


def _checked(schema: JsonSchema, param: str, options: Mapping[str, object]) -> str:
    """The right side of a rule for `schema`, which is refused here, where `param` is known."""
    check_schema(schema, param)
    source = {**schema, "x-guidance": options}
    problem = LLMatcher.validate_grammar(json.dumps({"grammars": [{"json_schema": source}]}))
    if problem:
        raise _refusal(problem, param)
    return f"%json {json.dumps(source)}"


def _refusal(problem: str, param: str) -> PromptRefused:
    """llguidance says what is wrong in its first line, of a regular expression in its last."""
    lines = problem.splitlines()
    is_regex = lines[0].startswith("regex parse error")
    reason = lines[-1].removeprefix("error: ") if is_regex else lines[0]
    code = "invalid_regex" if is_regex else "invalid_schema"
    return PromptRefused(f"Invalid schema for {param}: {reason[:200]}.", param, code)
