"""The engines that the contract suite runs against, and how it asks them."""

from collections.abc import Callable
from importlib.util import find_spec
from os import getuid
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest

from models.engine import Chunk, Engine, Message, Prompt, Sampling, merge
from models.scripted import Script, ScriptedEngine
from tests.contracts.over_http import over_http
from tests.contracts.over_socket import OverSocket

CONTEXT = 512
LONG = "Count from one to one hundred: one two three four five six seven eight nine ten"
NO_VLLM = pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")
FAST = ["scripted", "openai", "wired"]
REAL = [
    pytest.param("llama", marks=pytest.mark.slow),
    pytest.param("openai-llama", marks=pytest.mark.slow),
    pytest.param("vllm", marks=[pytest.mark.slow, NO_VLLM]),
]


def scripted() -> Engine:
    return ScriptedEngine(script=Script(token_delay=0.002, context_length=CONTEXT))


def llama() -> Engine:
    from models.llama.engine import LlamaEngine, LlamaSettings

    return LlamaEngine(LlamaSettings(context_length=CONTEXT, slots=8, threads=1))


def vllm() -> Engine:
    from models.derive import derive
    from models.llama.settings import bundled_model
    from models.vllm.engine import VllmEngine
    from models.vllm.settings import VllmSettings

    kept = Path(gettempdir()) / f"hearth-test-models-{getuid()}"
    kept.mkdir(mode=0o700, exist_ok=True)
    folder = derive(bundled_model(), kept, lambda done, total: None)
    return VllmEngine(
        VllmSettings(folder, "large", context_length=CONTEXT, slots=8, dtype="float32")
    )


KINDS: dict[str, Callable[[], Engine]] = {
    "scripted": scripted,
    "openai": lambda: over_http(scripted()),
    "wired": lambda: OverSocket(scripted()),
    "llama": llama,
    "openai-llama": lambda: over_http(llama()),
    "vllm": vllm,
}


def ask(text: str = LONG, *, greedy: bool = True, **sampling: Any) -> Prompt:
    sampling = {"max_tokens": 12, "temperature": 0.0 if greedy else 1.0, **sampling}
    return Prompt("r", "tenant", (Message("user", text),), Sampling(**sampling))


async def chunks_of(engine: Engine, prompt: Prompt) -> list[Chunk]:
    return [chunk async for chunk in engine.generate(prompt)]


async def answer(engine: Engine, prompt: Prompt) -> Chunk:
    return merge(await chunks_of(engine, prompt))
