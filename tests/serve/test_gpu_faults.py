"""What a GPU in trouble means for requests: the driver's word, followed to the answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.models.gpu.fake_driver import NEEDS_COMPILER, built, run_with

pytestmark = NEEDS_COMPILER

# The large tier runs on the GPU; the first request finds it well, the others as the driver says.
PROGRAM = """
import asyncio, json, time
from dataclasses import replace
from models.engine import Message, Prompt
from models.gpu.device import device
from models.gpu.nvml import Nvml
from models.gpu.readings import GpuReader
from models.scripted import Script, ScriptedEngine
from serve.api.states import TierStates
from serve.config import Settings
from serve.errors import describe
from serve.pipeline import Pipeline, Request
from serve.receipt import Receipt

reader = GpuReader(Nvml().read, period=0, deadline=0.5)

class OnGpu(ScriptedEngine):
    most = 0

    async def load(self):
        return replace(await super().load(), device=device(reader.read(patience=0)))

    async def generate(self, prompt):
        async for chunk in super().generate(prompt):
            self.most = max(self.most, self.running)
            yield chunk

tiers = {n: {"engine": "scripted", "model": n, "slots": 4} for n in ("small", "large")}
settings = Settings.model_validate(
    {"tiers": tiers, "embedder": {"engine": "none"}, "routing": {"quality": 1.0, "patience": 60}}
)

async def main():
    large = OnGpu("large", Script(words=("w ",) * 5, token_delay=0.02))
    pipeline = Pipeline(settings, {"small": ScriptedEngine("small"), "large": large})

    async def ask(model):
        receipt, began = Receipt(), time.monotonic()
        prompt = Prompt("r", "t", (Message("user", "hi"),))
        try:
            async for _ in pipeline.answer(Request(model, (prompt,), True), receipt):
                pass
        except Exception as exc:
            return describe(exc).status, time.monotonic() - began, str(exc.args[0])
        return receipt.tier, time.monotonic() - began, receipt.reason

    first = (await ask("auto"))[0]
    for _ in range(3):
        await pipeline.tiers["large"].look()
        await asyncio.sleep(0.1)
    large.prompts.clear()
    large.most = 0
    answers = await asyncio.gather(*(ask("auto") for _ in range(8)))
    named, _, words = await ask("large")
    states = await TierStates({name: tier.engine for name, tier in pipeline.tiers.items()}).now()
    await pipeline.close()
    print(json.dumps({
        "first": first,
        "answers": sorted({tier for tier, *_ in answers}),
        "slowest": max(seconds for _, seconds, _ in answers),
        "reasons": sorted({reason for *_, reason in answers}),
        "named": named,
        "words": words,
        "states": {name: [state.state, state.reason] for name, state in states.items()},
        "asked": len(large.prompts),
        "most": large.most,
        "driver": reader.read(patience=0).state,
    }))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("driver"))


def told(library: Path, behaviour: str) -> dict[str, Any]:
    return json.loads(run_with(library, behaviour, PROGRAM))


def test_a_gpu_that_fell_off_the_bus_gets_no_work_and_the_other_tier_answers(
    library: Path,
) -> None:
    seen = told(library, "lost")
    assert (seen["first"], seen["answers"], seen["asked"]) == ("large", ["small"], 0)
    assert seen["reasons"] == ["large is without its GPU"]
    lost = "The GPU was lost: GPU 0 does not answer (Xid 79): reboot, or reset it with nvidia-smi."
    assert (seen["named"], seen["words"]) == (503, lost)
    assert seen["states"] == {"small": ["ready", None], "large": ["unavailable", lost]}


@pytest.mark.parametrize("trouble", ["unloaded", "mismatched", "hanging", "none"])
def test_a_driver_that_says_nothing_changes_and_delays_nothing(library: Path, trouble: str) -> None:
    states = {"unloaded": "absent", "none": "absent"}
    seen = told(library, trouble)
    assert (seen["answers"], seen["named"], seen["most"]) == (["large"], "large", 4)
    assert seen["driver"] == states.get(trouble, trouble)
    assert seen["slowest"] < 2


def test_a_gpu_whose_memory_others_take_runs_fewer_at_once_and_loses_none(library: Path) -> None:
    calm, crowded = told(library, "fine"), told(library, "crowded")
    assert (calm["answers"], calm["asked"], calm["most"]) == (["large"], 9, 4)
    assert (crowded["answers"], crowded["asked"], crowded["most"]) == (["large"], 9, 2)
