"""An answer of which a part is there is gone on with, whoever gave that part."""

from dataclasses import replace

import pytest

from models.engine import Engine
from tests.contracts.engines import answer, ask

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_what_is_there_is_not_said_again(engine: Engine) -> None:
    whole = (await answer(engine, ask())).text
    there = whole[: whole.rindex(" ", 0, len(whole) // 2)]
    got = await answer(engine, replace(ask(), begun=there))
    assert got.tokens > 0
    assert (there + got.text).startswith(whole[: len(there) + 6])


async def test_what_is_there_counts_for_the_prompt(engine: Engine) -> None:
    whole = await answer(engine, ask())
    got = await answer(engine, replace(ask(), begun=whole.text[: len(whole.text) // 2]))
    assert got.usage is not None
    assert whole.usage is not None
    assert got.usage.prompt_tokens >= whole.usage.prompt_tokens
    assert got.usage.completion_tokens <= 12
