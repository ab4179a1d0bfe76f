"""A prompt on its way in: what is in it, and the same with masks."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from models.engine import Message, Prompt, ToolCall
from serve.policy.filters.masks import Vault


def texts_of(prompt: Prompt) -> Iterator[tuple[str, bool]]:
    """Every text of a prompt in order, and whether somebody else than its operator may have
    written it. Raw token ids have none.
    """
    if isinstance(prompt.input, str):
        yield prompt.input, True
        return
    for turn in prompt.input:
        if isinstance(turn, Message):
            yield turn.content, turn.role in ("user", "tool")
            for call in turn.tool_calls:
                yield call.arguments, False
    if prompt.begun:
        yield prompt.begun, False


def is_readable(prompt: Prompt) -> bool:
    return isinstance(prompt.input, str) or all(isinstance(t, Message) for t in prompt.input)


def masked(prompt: Prompt, vault: Vault) -> Prompt:
    if isinstance(prompt.input, str):
        return replace(prompt, input=vault.masked(prompt.input))
    turns = tuple(_turn(turn, vault) for turn in prompt.input if isinstance(turn, Message))
    return replace(prompt, input=turns or prompt.input, begun=vault.masked(prompt.begun))


def _turn(turn: Message, vault: Vault) -> Message:
    calls = tuple(_call(call, vault) for call in turn.tool_calls)
    return replace(turn, content=vault.masked(turn.content), tool_calls=calls)


def _call(call: ToolCall, vault: Vault) -> ToolCall:
    """Arguments stay JSON, if they are."""
    try:
        value = json.loads(call.arguments)
    except ValueError:
        return replace(call, arguments=vault.masked(call.arguments))
    hidden = _hidden(value, vault)
    if hidden == value:
        return call
    return replace(call, arguments=json.dumps(hidden, ensure_ascii=False))


def _hidden(value: Any, vault: Vault) -> Any:
    if isinstance(value, dict):
        return {vault.masked(name): _hidden(one, vault) for name, one in value.items()}
    if isinstance(value, list):
        return [_hidden(one, vault) for one in value]
    if isinstance(value, str):
        return vault.masked(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        said = json.dumps(value)
        return value if (shown := vault.masked(said)) == said else shown
    return value
