"""What a prompt forces its answer into, as a grammar: JSON, a JSON schema, calls of tools.

The dialect is llguidance's of Lark, which vLLM reads too.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from llguidance import LLMatcher

from models.engine import Format, JsonSchema, Prompt, Tool
from models.errors import PromptRefused
from models.schema import check_schema
from models.text.tools import CLOSING, OPENING

TEXT: Final = r"/(.|\n)*/"
NEWLINE: Final = r"/\n?/"
_STARTS: Final = {"none": "answer", "auto": "answer | calls", "required": "calls"}

# One space after a comma and a colon, none elsewhere: a small model cannot lose itself in blanks.
_STYLE: Final = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
# Descriptions of tools use words that no grammar can hold anyone to ("format": "uri").
_LENIENT: Final = {**_STYLE, "lenient": True, "coerce_one_of": True}


def grammar_of(prompt: Prompt) -> str | None:
    """None where the answer is free.

    Raises `PromptRefused` about `response_format` or `tools[i].function.parameters`.
    """
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
