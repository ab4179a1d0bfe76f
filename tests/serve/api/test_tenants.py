"""Whatever an engine is asked, it is asked for the tenant of the key that asks: prefixes in its
cache are told apart by nothing else.
"""

from typing import Any

import pytest

from models.scripted import Script
from tests.serve.api.conftest import Api, MakeApi

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
FORM = {"type": "json_schema", "json_schema": {"name": "any", "schema": {"type": "object"}}}
WAYS: list[dict[str, Any]] = [
    {},
    {"stream": True},
    {"model": "auto"},
    {"model": "small"},
    {"n": 2},
    {"temperature": 1},
    {"seed": 1, "cache": "no-cache"},
    {"cache": "no-store"},
    {"tools": [TOOL], "tool_choice": "required"},
    {"response_format": FORM},
    {"user": "somebody"},
]


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    return make_api(Script())


async def test_each_call_of_an_engine_is_for_the_tenant_that_asks(api: Api) -> None:
    asking = {name: api.key_of(name) for name in ("anna", "bert")}
    async with api.client() as client:
        for name, headers in asking.items():
            text = f"This is {name}."
            chat = {"model": "echo", "messages": [{"role": "user", "content": text}]}
            raw = {"model": "echo", "prompt": [text, f"{text} Again."]}
            asked = [("/v1/chat/completions", {**chat, **way}) for way in WAYS]
            asked += [("/v1/completions", {**raw, "stream": stream}) for stream in (False, True)]
            for path, body in asked:
                response = await client.post(path, json=body, headers=headers)
                assert response.status_code == 200, response.text
    tenants = {key.name: key.tenant for key in api.house.keys.all()}
    for name in asking:
        seen = [prompt.tenant for prompt in api.engine.prompts if name in str(prompt.input)]
        assert len(seen) >= len(WAYS)
        assert set(seen) == {tenants[name]}
    assert "" not in tenants.values()
    assert len(set(tenants.values())) == len(tenants)
