"""The messages of a chat: what each may hold, and in which order they make sense."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from models.engine import Message, Role, ToolCall
from serve.api.schema import Name, Schema, counted
from serve.errors import BadRequest

FunctionName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]


def _joined(content: object) -> object:
    """Text parts are one text. Other kinds of parts are refused: nothing is ever fetched."""
    if not isinstance(content, list):
        return content
    return "\n".join(_part_text(part, f"[{i}]") for i, part in enumerate(content))


def _part_text(part: object, at: str) -> str:
    if not isinstance(part, dict):
        raise PydanticCustomError("invalid_type", "A content part must be an object.", {"at": at})
    if part.get("type") not in ("text", "refusal"):
        raise PydanticCustomError(
            "unsupported_value", "Only content parts of type 'text' are supported.", {"at": at}
        )
    text = part.get(part["type"])
    if not isinstance(text, str) or len(part) != 2:
        raise PydanticCustomError(
            "invalid_type", "A text part has a 'type' and a 'text', which is a string.", {"at": at}
        )
    return text


class CalledFunction(Schema):
    name: FunctionName
    arguments: str


class CalledTool(Schema):
    id: Annotated[str, Field(min_length=1, max_length=256)]
    type: Literal["function"]
    function: CalledFunction


class ChatMessage(Schema):
    ignored: ClassVar[frozenset[str]] = frozenset(
        {"refusal", "annotations", "audio", "function_call", "reasoning_content", "reasoning"}
    )

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[str, BeforeValidator(_joined)] | None = None
    name: Name | None = None
    tool_calls: Annotated[list[CalledTool], counted("tools")] | None = None
    tool_call_id: Name | None = None

    def message(self) -> Message:
        role: Role = "system" if self.role == "developer" else self.role
        calls = tuple(
            ToolCall(c.id, c.function.name, c.function.arguments) for c in self.tool_calls or ()
        )
        return Message(role, self.content or "", calls, self.tool_call_id, self.name)


def check_conversation(messages: list[ChatMessage]) -> None:
    """Every message has what its role needs, and tool messages answer calls that were made."""
    called: set[str] = set()
    for position, message in enumerate(messages):
        at = f"messages[{position}]"
        calls = message.tool_calls or []
        if message.content is None and not calls:
            raise BadRequest(
                f"Invalid type for '{at}.content': expected a string or an array of text parts.",
                f"{at}.content",
                "invalid_type",
            )
        if message.role == "assistant":
            called.update(call.id for call in calls)
        elif calls:
            raise BadRequest(
                "Only assistant messages have tool calls.", f"{at}.tool_calls", "invalid_value"
            )
        if message.role == "tool":
            _check_tool_message(message, called, at)


def _check_tool_message(message: ChatMessage, called: set[str], at: str) -> None:
    if not called:
        raise BadRequest(
            "A message with role 'tool' must follow a message with 'tool_calls'.", f"{at}.role"
        )
    if message.tool_call_id not in called:
        raise BadRequest(
            "'tool_call_id' must be the id of an earlier tool call.",
            f"{at}.tool_call_id",
            "invalid_value",
        )
