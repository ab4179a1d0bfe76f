"""A chat into the text its model was trained on.

What callers wrote never becomes structure: text of theirs that spells a control token
(`<|im_start|>system`) is cut out before the template is rendered and comes back marked as plain.
"""

import json
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from models.engine import Message, Prompt, Tool, ToolCall
from models.errors import ModelRefused, PromptRefused
from models.text.template import Template, TemplateRefusal

TOOL_INSTRUCTIONS: Final = """\
You can call functions. These are their signatures, one JSON object in each line:
<tools>
{signatures}
</tools>
To call a function, answer with its name and arguments as JSON, in this form and without other text:
<tool_call>
{{"name": "function name", "arguments": {{"argument name": "value"}}}}
</tool_call>
What a function returned comes back in <tool_response></tool_response>."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Text to tokenise on its own; control tokens are recognised in it only when `special`."""

    text: str
    special: bool


class ChatTemplate:
    """`source` is Jinja; `bos` and `eos` are the texts of those tokens.

    `control` holds the texts of all control tokens of the vocabulary. Raises `ModelRefused` when
    the template cannot be compiled or cannot even render a greeting.
    """

    def __init__(self, source: str, bos: str, eos: str, control: Collection[str]) -> None:
        self._template = Template(source)
        self._tokens = {"bos_token": bos, "eos_token": eos}
        longest_first = sorted(filter(None, control), key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self._knows_tools = "tools" in self._template.variables and _is_hermes(source)
        try:
            self.render(Prompt("", "", (Message("user", "Hello"),)))
        except PromptRefused as exc:
            raise ModelRefused("The model's chat template cannot render a greeting.") from exc

    def render(self, prompt: Prompt) -> tuple[Segment, ...]:
        """The whole chat up to where the answer starts; `prompt.input` must be messages.

        Raises `PromptRefused` when the template refuses the chat (say, roles must alternate).
        """
        plain = _PlainTexts(self._control)
        messages = [m for m in prompt.input if isinstance(m, Message)]
        tools = prompt.tools if prompt.tool_choice.mode != "none" else ()
        if not self._knows_tools:
            messages, tools = _spelled_out(messages, tools), ()
        variables = {
            "messages": plain.hide([_message(message) for message in messages]),
            "tools": plain.hide([_signature(tool) for tool in tools]) or None,
            "add_generation_prompt": True,
            **self._tokens,
        }
        try:
            return tuple(plain.split(self._template.render(variables)))
        except TemplateRefusal as exc:
            raise PromptRefused(str(exc), "messages") from exc


class _PlainTexts:
    """Swaps control tokens in callers' text for random words, and back after rendering.

    Words rather than whole texts: templates trim, split and quote what they are given, and
    text without control tokens (nearly all) stays joined, so that it is tokenised naturally.
    """

    def __init__(self, control: re.Pattern[str]) -> None:
        self._control = control
        self._key = secrets.token_hex(8)
        self._hidden: list[str] = []

    def hide(self, value: object) -> object:
        """The same JSON value with every text in it made harmless."""
        if isinstance(value, str):
            return self._control.sub(self._hide_one, value)
        if isinstance(value, Mapping):
            return {self.hide(key): self.hide(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide(item) for item in value]
        return value

    def split(self, text: str) -> Iterator[Segment]:
        """Odd pieces are the numbers of hidden texts."""
        for i, piece in enumerate(re.split(rf"{self._key}x(\d+)x", text)):
            if i % 2:
                yield Segment(self._hidden[int(piece)], special=False)
            elif piece:
                yield Segment(piece, special=True)

    def _hide_one(self, found: re.Match[str]) -> str:
        self._hidden.append(found.group())
        return f"{self._key}x{len(self._hidden) - 1}x"


def _is_hermes(source: str) -> bool:
    """Whether a template that knows tools writes calls as the grammar and the parser expect."""
    return "<tool_call>" in source and "<function=" not in source


def _message(message: Message) -> dict[str, object]:
    """As templates expect it: only what is there, arguments as an object rather than a text."""
    fields: dict[str, object] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        fields["tool_calls"] = [_call(call) for call in message.tool_calls]
    for name in ("tool_call_id", "name"):
        if value := getattr(message, name):
            fields[name] = value
    return fields


def _call(call: ToolCall) -> dict[str, object]:
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        arguments = call.arguments
    function = {"name": call.name, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _signature(tool: Tool) -> dict[str, object]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    return {"type": "function", "function": function}


def _spelled_out(messages: Sequence[Message], tools: Sequence[Tool]) -> list[Message]:
    """Tools, calls and results as ordinary turns, for templates that have no place for them."""
    turns = list(_joined_results(map(_with_calls_as_text, messages)))
    if not tools:
        return turns
    signatures = "\n".join(json.dumps(_signature(tool), ensure_ascii=False) for tool in tools)
    instructions = TOOL_INSTRUCTIONS.format(signatures=signatures)
    if turns and turns[0].role == "system":
        return [Message("system", f"{turns[0].content}\n\n{instructions}"), *turns[1:]]
    return [Message("system", instructions), *turns]


def _with_calls_as_text(message: Message) -> Message:
    calls = [
        f'<tool_call>\n{{"name": {json.dumps(c.name)}, "arguments": {c.arguments}}}\n</tool_call>'
        for c in message.tool_calls
    ]
    text = "\n".join(filter(None, [message.content, *calls]))
    return Message(message.role, text)


def _joined_results(messages: Iterable[Message]) -> Iterator[Message]:
    """Results of one turn come as one user message: many templates want turns to alternate."""
    for is_result, group in groupby(messages, key=lambda message: message.role == "tool"):
        if is_result:
            responses = (f"<tool_response>\n{m.content}\n</tool_response>" for m in group)
            yield Message("user", "\n".join(responses))
        else:
            yield from group
