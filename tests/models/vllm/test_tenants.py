"""vLLM tells prefixes of different tenants apart by a salt, which comes with every request."""

from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from models.derive import derive
from models.engine import Message, Prompt, Sampling
from models.errors import EngineInterrupted
from models.llama.settings import bundled_model
from models.vllm.engine import VllmEngine
from models.vllm.settings import VllmSettings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed"),
]

HELLO = Message("user", "Hello")


class Spy:
    """In place of vLLM's engine: it answers nothing, and remembers what it was asked."""

    errored = False
    vllm_config = SimpleNamespace(scheduler_config=SimpleNamespace(max_num_batched_tokens=64))

    def __init__(self) -> None:
        self.salts: list[str] = []

    async def generate(self, prompt: dict[str, Any], *asked: Any, **how: Any) -> AsyncIterator[Any]:
        self.salts.append(prompt["cache_salt"])
        for output in list[Any]():
            yield output


async def test_every_request_has_the_salt_of_its_tenant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, spy = derive(bundled_model(), tmp_path, lambda done, total: None), Spy()
    monkeypatch.setattr("models.vllm.engine._load", lambda settings, gauge: spy)
    engine = VllmEngine(VllmSettings(folder, "large"))
    asking = [(name, text) for name in ("anna", "bert") for text in ("Hello", (HELLO,))]
    for tenant, text in asking:
        with pytest.raises(EngineInterrupted):
            async for _ in engine.generate(Prompt("req", tenant, text, Sampling())):
                pass
    assert spy.salts == [tenant for tenant, _ in asking]
