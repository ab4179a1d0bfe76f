"""A prompt says the same to an upstream as it says to us."""

import json
from typing import Any

import pytest

from models.engine import Format, Message, Prompt, Sampling, Tool, ToolCall, ToolChoice
from models.upstream.request import question_of
from models.upstream.settings import UpstreamSettings

SETTINGS = UpstreamSettings("ours", "http://host/v1", "theirs", context_length=100)
CALL = ToolCall("call_1", "f", '{"a": 1}')
CHAT = (
    Message("system", "Be kind."),
    Message("user", "Hi", name="Ada"),
    Message("assistant", "", (CALL,)),
    Message("tool", "2", tool_call_id="call_1"),
)
TOOL = Tool("f", "Adds.", {"type": "object"})


def body(given: Any = "text", settings: UpstreamSettings = SETTINGS, **fields: Any) -> Any:
    return json.loads(question_of(Prompt("r", "t", given, **fields), settings).body)


def test_a_chat_is_its_messages() -> None:
    function = {"name": "f", "arguments": '{"a": 1}'}
    assert body(CHAT)["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi", "name": "Ada"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        },
        {"role": "tool", "content": "2", "tool_call_id": "call_1"},
    ]


def test_an_answer_that_has_begun_is_the_last_message_and_to_be_gone_on_with() -> None:
    sent = body((Message("user", "Hi"),), begun="Hello th")
    assert sent["messages"][-1] == {"role": "assistant", "content": "Hello th"}
    assert (sent["continue_final_message"], sent["add_generation_prompt"]) == (True, False)
    assert body("Once", begun=" upon")["prompt"] == "Once upon"


def test_what_is_not_asked_for_is_not_sent() -> None:
    assert set(body(CHAT)) == {
        *("model", "messages", "stream", "stream_options", "temperature", "top_p")
    }


def test_every_part_of_the_sampling_goes_along() -> None:
    sampling = Sampling(0.5, 0.9, 7, ("end",), 0, 0.1, -0.2, {5: -100.0}, 2)
    assert (
        body(CHAT, sampling=sampling).items()
        >= {
            "model": "theirs",
            "temperature": 0.5,
            "top_p": 0.9,
            "max_tokens": 7,
            "seed": 0,
            "presence_penalty": 0.1,
            "frequency_penalty": -0.2,
            "logprobs": True,
            "top_logprobs": 2,
        }.items()
    )
    assert body(CHAT, sampling=sampling)["stop"] == ["end"]
    assert body(CHAT, sampling=sampling)["logit_bias"] == {"5": -100.0}


def test_the_limit_has_the_name_that_the_upstream_knows() -> None:
    newer = UpstreamSettings("o", "http://h", "m", limit_field="max_completion_tokens")
    told = body(CHAT, newer, sampling=Sampling(max_tokens=7))
    assert told["max_completion_tokens"] == 7
    assert "max_tokens" not in told


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (ToolChoice("none"), {"tool_choice": "none"}),
        (ToolChoice("required"), {"tool_choice": "required"}),
        (
            ToolChoice("required", "f", parallel=False),
            {
                "tool_choice": {"type": "function", "function": {"name": "f"}},
                "parallel_tool_calls": False,
            },
        ),
    ],
)
def test_tools_and_the_choice_of_one(choice: ToolChoice, told: dict[str, Any]) -> None:
    got = body(CHAT, tools=(TOOL,), tool_choice=choice)
    [tool] = got["tools"]
    function = {"name": "f", "description": "Adds.", "parameters": {"type": "object"}}
    assert tool == {"type": "function", "function": function}
    assert {name: got[name] for name in got if "tool_" in name} == told


def test_shapes_are_enforced_not_wished_for() -> None:
    assert body(CHAT, format=Format("json_object"))["response_format"] == {"type": "json_object"}
    told = body(CHAT, format=Format("json_schema", {"type": "array"}))["response_format"]
    assert told["json_schema"] == {"name": "answer", "schema": {"type": "array"}, "strict": True}


def test_raw_text_and_ids_go_to_the_completions() -> None:
    question = question_of(Prompt("r", "t", "Once"), SETTINGS)
    assert (question.path, question.param) == ("completions", "prompt")
    assert body("Once")["prompt"] == "Once"
    assert body((5, 6))["prompt"] == [5, 6]
    assert body((5, 6), sampling=Sampling(top_logprobs=3))["logprobs"] == 3


def test_raw_text_without_a_limit_may_fill_the_context() -> None:
    """Without a number the endpoint would stop after 16 tokens."""
    assert body((5, 6))["max_tokens"] == 97
    assert body("é" * 30)["max_tokens"] == 39
    assert body("x" * 1000)["max_tokens"] == 1
