"""What is kept of a request for a replay has no word of it, and digests mean nothing elsewhere."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from models.engine import Message, Prompt, Sampling
from models.scripted import ScriptedEngine
from serve.config import Settings
from serve.errors import RateLimited
from serve.pipeline import Helpers, Pipeline
from serve.policy.limits import Payer
from serve.policy.routing import Guess
from serve.receipt import Receipt
from serve.receipts.features import Features, Noting, salt_in
from serve.request import Request
from serve.sections.quotas import Limits

SETTINGS = Settings(tiers={"small": {"engine": "scripted", "model": "echo", "slots": 4}})
SALT = b"s" * 32


def asking(*texts: str, model: str = "echo", **sampling: Any) -> Request:
    roles = ("user", "assistant", "user")
    turns = tuple(Message(role, text) for role, text in zip(roles, texts, strict=False))  # type: ignore[arg-type]
    return Request(model, (Prompt("r", "tenant", turns, Sampling(**sampling)),), stream=True)


async def features(request: Request, salt: bytes | None = SALT) -> Features:
    pipeline = Pipeline(SETTINGS, {"small": ScriptedEngine("echo")}, Helpers(noting=Noting(salt)))
    receipt = Receipt()
    async for _ in pipeline.answer(request, receipt):
        pass
    await pipeline.close()
    assert receipt.features is not None
    return receipt.features


async def test_they_tell_the_form_and_no_word() -> None:
    found = await features(asking("a secret ```", max_tokens=7, temperature=0.5))
    assert (found.size, found.max_tokens, found.code, found.tools) == (12, 7, True, False)
    assert (found.temperature, found.places, found.choices) == (0.5, 4, 1)
    assert (found.read, found.keep, found.going_on) == (True, True, False)
    assert "secret" not in str(asdict(found))


async def test_the_same_has_the_same_digest_and_only_here() -> None:
    one, again, other = [await features(asking(text, temperature=0.0)) for text in ("a", "a", "b")]
    assert one.digest == again.digest != other.digest
    elsewhere = await features(asking("a", temperature=0.0), None)
    assert elsewhere.digest != one.digest


async def test_a_conversation_is_known_again_by_how_it_began() -> None:
    first, second, other = [
        await features(asking(*texts)) for texts in (("a",), ("a", "b", "c"), ("b", "b", "c"))
    ]
    assert first.conversation == second.conversation != other.conversation
    assert (first.going_on, second.going_on) == (False, True)


async def test_who_is_refused_by_a_limit_is_known_by_form_alone() -> None:
    payer = Payer("key:a", "the key 'a'", Limits(requests=1))
    pipeline = Pipeline(SETTINGS, {"small": ScriptedEngine("echo")})
    request, receipt = replace(asking("abc"), payers=(payer,)), Receipt()
    async for _ in pipeline.answer(request, Receipt()):
        pass
    with pytest.raises(RateLimited):
        await anext(pipeline.answer(request, receipt))
    await pipeline.close()
    assert receipt.features is not None
    assert (receipt.features.size, receipt.features.digest) == (3, None)


def test_a_guess_is_kept_as_what_it_says() -> None:
    found = Noting(SALT).begun("auto", asking("a").prompts, None)
    found.guessed(Guess(0.123456, 0.5, known=False))
    assert (found.difficulty, found.familiar) == (0.1235, False)


def test_the_salt_is_made_once_and_is_for_the_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    assert salt_in(folder) == salt_in(folder)
    assert [(each.name, each.stat().st_mode & 0o777) for each in folder.iterdir()] == [
        ("features-salt", 0o600)
    ]
    assert len(salt_in(folder)) == 32


@pytest.mark.parametrize("model", ["nobody", "a secret"])
async def test_of_a_model_that_is_not_there_nothing_is_noted(model: str) -> None:
    pipeline, receipt = Pipeline(SETTINGS, {"small": ScriptedEngine("echo")}), Receipt()
    with pytest.raises(Exception, match="does not exist"):
        await anext(pipeline.answer(asking("a", model=model), receipt))
    await pipeline.close()
    assert receipt.features is None
