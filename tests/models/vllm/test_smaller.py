"""What is given up when a model does not fit: a little at a time, and never for ever."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from models.errors import Lack
from models.memory.plan import LEAST_CONTEXT, Room
from models.vllm.settings import VllmSettings
from models.vllm.smaller import GIB, LEAST_SHARE, smaller, told

GPU = VllmSettings(Path("m"), "m", device="gpu", context_length=32_768, slots=64)
CPU = VllmSettings(Path("m"), "m", context_length=8192, slots=16, kv_bytes=64 * GIB)

settings = st.builds(
    VllmSettings,
    folder=st.just(Path("m")),
    name=st.just("m"),
    device=st.sampled_from(["cpu", "gpu"]),
    context_length=st.integers(128, 1 << 20),
    slots=st.integers(1, 256),
    kv_bytes=st.integers(1, 1 << 10).map(lambda gib: gib * GIB),
    memory_share=st.floats(0.01, 0.99),
)
lacks = st.sampled_from(get_args(Lack))
rooms = st.none() | st.builds(
    lambda total, share: Room("here", total, int(share * total)),
    st.integers(GIB, 1 << 40),
    st.floats(0, 1),
)


def sizes(one: VllmSettings) -> tuple[float, ...]:
    return one.context_length, one.slots, one.kv_bytes, one.memory_share


@given(settings, lacks, rooms)
def test_a_step_asks_for_less_and_for_more_of_nothing(
    before: VllmSettings, lack: Lack, room: Room | None
) -> None:
    after = smaller(before, lack, room)
    if after is None:
        return
    pairs = list(zip(sizes(before), sizes(after), strict=True))
    assert all(less <= more for more, less in pairs)
    assert any(less < more for more, less in pairs)
    assert after.context_length >= min(LEAST_CONTEXT, before.context_length)
    assert after.slots >= 1
    assert after.kv_bytes >= min(GIB, before.kv_bytes)
    assert after.memory_share >= min(LEAST_SHARE, before.memory_share)
    sized = {"context_length", "slots", "kv_bytes", "memory_share"}
    assert replace(after, **{name: getattr(before, name) for name in sized}) == before
    assert told(before, after)


@given(settings, st.data(), rooms)
def test_there_is_an_end_to_it(first: VllmSettings, data: st.DataObject, room: Room | None) -> None:
    now: VllmSettings | None = first
    for _ in range(100):
        if now is None:
            return
        now = smaller(now, data.draw(lacks), room)
    raise AssertionError(now)


def test_a_gpu_that_others_use_keeps_its_context_and_loses_memory() -> None:
    after = smaller(GPU, "memory", Room("GPU 0", 80 * GIB, 40 * GIB))
    assert after == replace(GPU, memory_share=0.48)
    assert told(GPU, after) == "48% instead of 90% of the GPU's memory"


def test_a_machine_with_less_memory_than_was_asked_for_gets_what_there_is() -> None:
    after = smaller(CPU, "memory", Room("this machine", 32 * GIB, 20 * GIB))
    assert after == replace(CPU, kv_bytes=10 * GIB)
    assert told(CPU, after) == "10 instead of 64 GiB of KV cache"


def test_what_is_free_and_yet_too_little_makes_everything_smaller() -> None:
    after = smaller(GPU, "memory", Room("GPU 0", 80 * GIB, 79 * GIB))
    assert after == replace(GPU, context_length=16_384, slots=32, memory_share=0.855)


def test_a_cache_that_is_too_small_gets_shorter_answers_and_no_less_memory() -> None:
    for device in (GPU, CPU):
        after = smaller(device, "cache", Room("here", 80 * GIB, 1 * GIB))
        halves = {"context_length": device.context_length // 2, "slots": device.slots // 2}
        assert after == replace(device, **halves)


def test_the_least_is_not_made_smaller() -> None:
    least = replace(GPU, context_length=LEAST_CONTEXT, slots=1)
    assert smaller(least, "cache", None) is None
    assert smaller(replace(least, memory_share=LEAST_SHARE), "memory", None) is None
    assert smaller(replace(CPU, context_length=512, slots=1, kv_bytes=GIB), "memory", None) is None
