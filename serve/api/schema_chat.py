"""`POST /v1/chat/completions`: the request, and the prompt that it means."""

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from models.engine import Format, JsonSchema, Message, Tool, ToolChoice
from models.schema import check_schema
from serve.api.schema import Schema, at_most, counted
from serve.api.schema_messages import ChatMessage, FunctionName, check_conversation
from serve.api.schema_sampling import SamplingFields, TokenLimit
from serve.api.schema_tools import (
    Collections,
    FunctionSpec,
    SchemaObject,
    ToolSpec,
    check_kinds,
    documents_of,
)
from serve.documents.grounding import FromDocuments
from serve.errors import BadRequest
from serve.sections.requests import LimitSettings


class JsonSchemaFormat(Schema):
    name: FunctionName
    description: str | None = None
    json_schema: Annotated[SchemaObject, Field(alias="schema")]
    strict: bool | None = None


class ResponseFormat(Schema):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaFormat | None = None


class ChosenFunction(Schema):
    name: FunctionName


class ChosenTool(Schema):
    type: Literal["none", "auto", "required", "function"]
    function: ChosenFunction | None = None


def _as_object(choice: object) -> object:
    return {"type": choice} if isinstance(choice, str) else choice


class ChatRequest(SamplingFields):
    """`continue_final_message` is vLLM's: its clients send `add_generation_prompt` false, too."""

    messages: Annotated[list[ChatMessage], Field(min_length=1), counted("messages")]
    max_completion_tokens: TokenLimit | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0), at_most("top_logprobs")] | None = None
    response_format: ResponseFormat | None = None
    tools: Annotated[list[ToolSpec], counted("tools")] | None = None
    tool_choice: Annotated[ChosenTool, BeforeValidator(_as_object)] | None = None
    parallel_tool_calls: bool | None = None
    collections: Collections | None = None
    documents_only: bool | None = None
    continue_final_message: bool | None = None
    add_generation_prompt: bool | None = None

    def checked(self, limits: LimitSettings) -> "ChatRequest":
        """What no single field can tell. Raises `BadRequest` or `PromptRefused`."""
        self.check()
        check_conversation(self.messages)
        self._check_numbers()
        self._check_tools()
        self._check_continued()
        self._check_schemas(limits.schema_bytes)
        return self

    def _check_numbers(self) -> None:
        if None not in (self.max_tokens, self.max_completion_tokens) and (
            self.max_tokens != self.max_completion_tokens
        ):
            raise BadRequest(
                "'max_tokens' and 'max_completion_tokens' differ; send one of them.",
                "max_tokens",
                "invalid_value",
            )
        if self.top_logprobs is not None and not self.logprobs:
            raise BadRequest(
                "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
                "top_logprobs",
            )

    @property
    def _functions(self) -> dict[int, FunctionSpec]:
        """By their places among the tools."""
        tools = enumerate(self.tools or ())
        return {place: tool.function for place, tool in tools if tool.function is not None}

    def _check_tools(self) -> None:
        check_kinds(self.tools or ())
        names: list[str] = []
        for place, function in self._functions.items():
            if function.name in names:
                param = f"tools[{place}].function.name"
                raise BadRequest("Two tools have the same name.", param, "invalid_value")
            names.append(function.name)
        if self.documents_only and self.documents() is None:
            raise BadRequest(
                "'documents_only' needs 'collections' to answer from.",
                "documents_only",
                "invalid_value",
            )
        choice = self.tool_choice
        if choice is None or choice.type in ("none", "auto"):
            return
        if choice.type == "required" and not names:
            raise BadRequest(
                "'tool_choice' requires a call, but there are no tools.",
                "tool_choice",
                "invalid_value",
            )
        if choice.type == "function" and (
            choice.function is None or choice.function.name not in names
        ):
            raise BadRequest(
                "'tool_choice' must name one of the tools.", "tool_choice", "invalid_value"
            )

    def _check_continued(self) -> None:
        """Going on makes sense where there is text to go on with, and nothing but text to come."""
        goes_on = bool(self.continue_final_message)
        if self.add_generation_prompt is goes_on:
            words = "'add_generation_prompt' is the opposite of 'continue_final_message'."
            raise BadRequest(words, "add_generation_prompt", "invalid_value")
        if not goes_on:
            return
        last, place = self.messages[-1], len(self.messages) - 1
        wrong = {
            f"messages[{place}].role": last.role != "assistant",
            f"messages[{place}].content": not last.content or bool(last.tool_calls),
            "messages": not place,
            "tools": bool(self._functions) and self.choice_of_tool().mode != "none",
            "response_format": self.format().kind != "text",
            "n": (self.n or 1) > 1,
        }
        if (param := next((name for name, found in wrong.items() if found), None)) is not None:
            raise BadRequest(
                "'continue_final_message' needs a last message of the role 'assistant' with text "
                "and without tool calls, behind at least one other; no 'tools' that may be called, "
                "no 'response_format' but 'text', and 'n' 1.",
                param,
                "invalid_value",
            )

    def _check_schemas(self, limit: int) -> None:
        schemas = {
            f"tools[{place}].function.parameters": function.parameters
            for place, function in self._functions.items()
        }
        schemas["response_format.json_schema.schema"] = self._answer_schema()
        for param, schema in schemas.items():
            if schema is not None:
                _check_size(schema, limit, param)
                check_schema(schema, param)

    def _answer_schema(self) -> dict[str, Any] | None:
        form = self.response_format
        if form is None or form.type != "json_schema":
            return None
        if form.json_schema is None:
            param = "response_format.json_schema"
            message = f"Missing required parameter: '{param}'."
            raise BadRequest(message, param, "missing_required_parameter")
        return form.json_schema.json_schema

    @property
    def output_limit(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    def conversation(self) -> tuple[Message, ...]:
        """Up to the answer, of which a part may be there."""
        turns = self.messages[:-1] if self.continue_final_message else self.messages
        return tuple(message.message() for message in turns)

    @property
    def begun(self) -> str:
        """What of the answer is there."""
        return (self.messages[-1].content or "") if self.continue_final_message else ""

    def format(self) -> Format:
        kind = self.response_format.type if self.response_format else "text"
        return Format(kind, self._answer_schema())

    def tool_specs(self) -> tuple[Tool, ...]:
        return tuple(
            Tool(
                function.name,
                function.description or "",
                function.parameters or {"type": "object", "properties": {}},
            )
            for function in self._functions.values()
        )

    def documents(self) -> FromDocuments | None:
        """Where passages for the answer are looked for. Raises `InvalidQuery`."""
        return documents_of(self.tools or (), self.collections or (), bool(self.documents_only))

    def choice_of_tool(self) -> ToolChoice:
        parallel = self.parallel_tool_calls is not False
        choice = self.tool_choice
        if choice is None:
            return ToolChoice("auto" if self._functions else "none", None, parallel)
        if choice.type == "function":
            name = choice.function.name if choice.function else None
            return ToolChoice("required", name, parallel)
        return ToolChoice(choice.type, None, parallel)


def _check_size(schema: JsonSchema, limit: int, param: str) -> None:
    if len(json.dumps(schema, separators=(",", ":"))) > limit:
        raise BadRequest(
            f"The JSON schema is too large: at most {limit} bytes are allowed.",
            param,
            "schema_too_complex",
        )
