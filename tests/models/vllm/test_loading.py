"""A model that does not fit is loaded smaller, a few times, and says so; vLLM itself is played."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from models.catalogue import EngineSpec, build_engine
from models.derive import derive
from models.engine import Engine
from models.errors import EngineNotLoaded, EngineUnavailable
from models.gpu.readings import GpuReader, GpuReading
from models.llama.settings import bundled_model
from models.load import Load
from models.vllm import loading
from models.vllm.engine import VllmEngine
from models.vllm.failure import loading_log
from tests.contracts.engines import NO_VLLM
from tests.models.gpu.fake_driver import NEEDS_COMPILER, built, run_with
from tests.models.vllm.test_failure import CACHE, FAILED, MEMORY, OTHER, told_by_a_process

pytestmark = [pytest.mark.slow, NO_VLLM]

LIMIT = 30.0  # seconds that anything here may take
ASKED = {"context_length": 16_384, "slots": 32}


class Played(SimpleNamespace):
    """In the place of what vLLM makes."""


@dataclass
class Machine:
    """In the place of what vLLM starts: a core fails with `words` in its log unless it `fits`."""

    fits: Callable[[Any], bool]
    words: str = MEMORY[0]
    tried: list[Any] = field(default_factory=list)
    going: threading.Event = field(default_factory=threading.Event)

    def start(self, arguments: Any, **_: Any) -> Any:
        self.tried.append(arguments)
        if not self.fits(arguments):
            told_by_a_process(loading_log(), self.words)
            raise FAILED
        assert self.going.wait(LIMIT)
        return Played(
            vllm_config=SimpleNamespace(
                scheduler_config=SimpleNamespace(max_num_batched_tokens=8192),
                cache_config=SimpleNamespace(num_gpu_blocks=64, block_size=16),
            ),
            errored=False,
            shutdown=lambda: None,
        )


Play = Callable[..., Machine]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Has a `Machine` play vLLM; `pauses` in seconds between two tries."""
    from vllm.v1.engine.async_llm import AsyncLLM

    def played(machine: Machine, pauses: tuple[float, ...] = (0.0,) * 4) -> Machine:
        monkeypatch.setattr(AsyncLLM, "from_engine_args", machine.start)
        monkeypatch.setattr(loading, "PAUSES", pauses)
        return machine

    return played


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return derive(bundled_model(), tmp_path_factory.mktemp("models"), lambda done, all: None)


@pytest.fixture
def spec(folder: Path, tmp_path: Path) -> EngineSpec:
    return EngineSpec("vllm", "large", tmp_path, 1, folder, vllm={"device": "cpu"}, **ASKED)


async def ended(engine: Engine) -> EngineNotLoaded | Load:
    """How the loading ended."""
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                return await engine.load()
            except EngineNotLoaded as exc:
                if exc.state != "loading":
                    return exc
            await asyncio.sleep(0.01)


async def test_a_model_that_fits_is_what_was_asked_for(play: Play, spec: EngineSpec) -> None:
    play(Machine(lambda arguments: True)).going.set()
    engine = build_engine(spec)
    load = await ended(engine)
    assert isinstance(load, Load)
    assert (load.context_length, load.slots_total, load.remark) == (16_384, 32, "")
    await engine.close()


async def test_a_model_that_does_not_fit_runs_smaller_and_says_so(
    play: Play, spec: EngineSpec
) -> None:
    machine = play(Machine(lambda arguments: arguments.max_num_seqs <= 8))
    engine = build_engine(spec)
    async with asyncio.timeout(LIMIT):
        while len(machine.tried) < 3:
            await asyncio.sleep(0.01)
    with pytest.raises(EngineNotLoaded) as meanwhile:
        await engine.health()
    less = "4096 instead of 16384 tokens of context, 8 instead of 32 answers at once"
    assert meanwhile.value.state == "loading"
    assert meanwhile.value.message == (
        f"The model did not fit into memory; it is loading with {less}."
    )
    machine.going.set()
    load = await ended(engine)
    assert isinstance(load, Load)
    assert load.remark == f"It runs smaller than configured, for lack of memory: {less}."
    assert (load.context_length, load.slots_total) == (4096, 8)
    assert engine.card.context_length == 4096
    assert [arguments.max_model_len for arguments in machine.tried] == [16_384, 8192, 4096]
    await engine.close()


@pytest.mark.parametrize("words", [MEMORY[4], CACHE[1]])
async def test_a_model_that_never_fits_is_given_up_with_words_for_the_owner(
    play: Play, spec: EngineSpec, words: str
) -> None:
    machine = play(Machine(lambda arguments: False, words))
    engine = build_engine(spec)
    for _ in range(3):
        failed = await ended(engine)
        assert isinstance(failed, EngineNotLoaded)
        assert failed.state == "failed"
        assert failed.message.startswith(
            "The model does not fit into memory, not even with 2048 instead of 16384 tokens"
        )
        assert "hearth models fit" in failed.message
    assert len(machine.tried) <= 5
    await engine.close()


async def test_another_failure_is_not_tried_again(play: Play, spec: EngineSpec) -> None:
    machine = play(Machine(lambda arguments: False, OTHER[0]))
    engine = build_engine(spec)
    failed = await ended(engine)
    assert isinstance(failed, EngineNotLoaded)
    assert failed.message.startswith("vLLM cannot load the model: Engine core initialization")
    assert len(machine.tried) == 1
    await engine.close()


async def test_closing_it_ends_the_pause_between_two_tries(play: Play, spec: EngineSpec) -> None:
    machine = play(Machine(lambda arguments: False), pauses=(600.0,))
    engine = build_engine(spec)
    async with asyncio.timeout(LIMIT):
        while not machine.tried:
            await asyncio.sleep(0.01)
    await engine.close()
    failed = await ended(engine)
    assert isinstance(failed, EngineNotLoaded)
    assert "stopped" in failed.message
    assert len(machine.tried) == 1


async def test_a_closed_engine_lets_go_of_what_vllm_made(play: Play, spec: EngineSpec) -> None:
    """vLLM ends it a second time when it is forgotten, which must not be at the interpreter's end:
    then nothing works any more, and something may hold the engine until then.
    """
    play(Machine(lambda arguments: True)).going.set()
    assert spec.path is not None
    engine = VllmEngine(loading.settings_of(spec, spec.path))
    made = weakref.ref(engine._llm)
    await engine.close()
    gc.collect()
    assert made() is None
    with pytest.raises(EngineUnavailable, match="stopped"):
        await engine.load()


ON_A_LOST_GPU = """
import sys
from pathlib import Path
from models.catalogue import EngineSpec
from models.errors import EngineNotLoaded
from models.gpu.nvml import Nvml
from models.residence import Course
from models.vllm.loading import load

assert Nvml().read().state == "ok"
spec = EngineSpec("vllm", "large", Path(), 1, Path("tests"), vllm={"device": "gpu"})
try:
    load(spec, Course())
except EngineNotLoaded as exc:
    print(exc.state, exc.message)
"""


@NEEDS_COMPILER
def test_on_a_lost_gpu_nothing_is_tried(tmp_path: Path) -> None:
    said = run_with(built(tmp_path), "lost", ON_A_LOST_GPU)
    assert said.startswith("unavailable The GPU was lost: GPU 0 does not answer")


async def test_an_engine_that_dies_with_its_gpu_says_so(play: Play, spec: EngineSpec) -> None:
    play(Machine(lambda arguments: True)).going.set()
    gpus = GpuReader(lambda: GpuReading("lost", "GPU 0 does not answer", 0.0, lost=(0,)))
    gpus.read()
    assert spec.path is not None
    engine = VllmEngine(loading.settings_of(spec, spec.path), gpus)
    assert (await engine.load()).device.gone == "The GPU was lost: GPU 0 does not answer."
    engine._llm.errored = True
    with pytest.raises(EngineUnavailable, match="The GPU was lost: GPU 0 does not"):
        await engine.health()
    await engine.close()
