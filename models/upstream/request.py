"""A prompt as the body of an OpenAI request.

Of who asks, nothing is in it: neither tenant nor user.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from models.engine import Format, Message, Prompt, Tool, ToolCall, ToolChoice
from models.errors import PromptRefused
from models.upstream.settings import UpstreamSettings

BYTES_PER_TOKEN: Final = 4  # of English text, roughly
TOKENS_PER_TURN: Final = 4  # what a chat template adds, roughly

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """`param` is how the interface calls the prompt; `tokens` are a guess at its length."""

    path: str
    body: bytes
    param: str
    tokens: int
    top_logprobs: int | None


def question_of(prompt: Prompt, settings: UpstreamSettings) -> Question:
    """Raises `PromptRefused` for text that is not Unicode."""
    chat = is_chat(prompt)
    fields = _chat(prompt, settings) if chat else _completion(prompt, settings)
    param = "messages" if chat else "prompt"
    try:
        body = json.dumps(_everywhere(prompt, settings) | fields, ensure_ascii=False).encode()
    except UnicodeEncodeError as exc:
        raise PromptRefused(f"{param} has half a character (a lone surrogate).", param) from exc
    path = "chat/completions" if chat else "completions"
    return Question(path, body, param, guessed_tokens(prompt), prompt.sampling.top_logprobs)


def is_chat(prompt: Prompt) -> bool:
    return bool(prompt.input) and isinstance(prompt.input[0], Message)


def guessed_tokens(prompt: Prompt) -> int:
    """Of the prompt, as long as the upstream has not counted them."""
    if isinstance(text := _raw(prompt), str):
        return len(text.encode(errors="replace")) // BYTES_PER_TOKEN + 1
    turns = _turns(prompt)
    if not turns:
        return len(prompt.input)
    sizes = (len(turn.content.encode(errors="replace")) // BYTES_PER_TOKEN for turn in turns)
    return sum(sizes) + TOKENS_PER_TURN * len(turns)


def _turns(prompt: Prompt) -> list[Message]:
    """The chat; what of the answer is there is its last turn."""
    turns = [turn for turn in prompt.input if isinstance(turn, Message)]
    return [*turns, Message("assistant", prompt.begun)] if prompt.begun else turns


def _everywhere(prompt: Prompt, settings: UpstreamSettings) -> Json:
    """Temperature and top_p always: what a server does without them is its own affair."""
    sampling = prompt.sampling
    optional = {
        "seed": sampling.seed,
        "stop": list(sampling.stop) or None,
        "presence_penalty": sampling.presence_penalty or None,
        "frequency_penalty": sampling.frequency_penalty or None,
        "logit_bias": {str(token): bias for token, bias in sampling.logit_bias.items()} or None,
        "response_format": _format(prompt.format),
    }
    return {
        "model": settings.model,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _chat(prompt: Prompt, settings: UpstreamSettings) -> Json:
    """An answer that has begun is spelled as at vLLM; some servers do the same unasked, others
    refuse it.
    """
    sampling = prompt.sampling
    fields: Json = {"messages": [_message(turn) for turn in _turns(prompt)]}
    if prompt.begun:
        fields |= {"continue_final_message": True, "add_generation_prompt": False}
    if sampling.max_tokens is not None:
        fields[settings.limit_field] = sampling.max_tokens
    if sampling.top_logprobs is not None:
        fields |= {"logprobs": True, "top_logprobs": sampling.top_logprobs}
    if prompt.tools:
        fields["tools"] = [_tool(tool) for tool in prompt.tools]
        fields |= _choice(prompt.tool_choice)
    return fields


def _completion(prompt: Prompt, settings: UpstreamSettings) -> Json:
    sampling = prompt.sampling
    fields: Json = {"prompt": _raw(prompt)}
    fields["max_tokens"] = sampling.max_tokens or _room(prompt, settings.context_length)
    if sampling.top_logprobs is not None:
        fields["logprobs"] = sampling.top_logprobs
    return fields


def _raw(prompt: Prompt) -> str | list[Any]:
    return prompt.input + prompt.begun if isinstance(prompt.input, str) else list(prompt.input)


def _room(prompt: Prompt, context_length: int) -> int:
    """Tokens that surely fit: unsaid, this endpoint would stop after 16.

    No token is less than a byte, and one may be put before the text.
    """
    given = _raw(prompt)
    most = len(given.encode(errors="replace")) if isinstance(given, str) else len(given)
    return max(1, context_length - most - 1)


def _message(message: Message) -> Json:
    fields: Json = {"role": message.role, "content": message.content}
    if message.tool_calls:
        fields["content"] = message.content or None
        fields["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        fields["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        fields["name"] = message.name
    return fields


def _call(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _tool(tool: Tool) -> Json:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice) -> Json:
    """`parallel_tool_calls` only where it says something: not every server knows it."""
    named = {"type": "function", "function": {"name": choice.name}}
    fields: Json = {"tool_choice": named if choice.name else choice.mode}
    return fields if choice.parallel else fields | {"parallel_tool_calls": False}


def _format(form: Format) -> Json | None:
    if form.kind == "text":
        return None
    if form.kind == "json_object":
        return {"type": "json_object"}
    schema = {"name": "answer", "schema": form.schema or {}, "strict": True}
    return {"type": "json_schema", "json_schema": schema}
