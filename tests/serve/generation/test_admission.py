"""Waiting for a permit: in turn, until a deadline, without a trace."""

import asyncio
import random
from collections.abc import Callable

import pytest

from models.load import Device, Load
from serve.errors import OutOfService, Overloaded, QueueDeadline
from serve.generation.admission import Gate
from serve.policy.admission import Ask
from serve.policy.estimates import Estimate
from serve.sections.admission import AdmissionSettings


def ask(key: str = "key", deadline: float = 1e9) -> Ask:
    return Ask(key, Estimate(10, 10, 10, 20), deadline)


def gate(slots: int = 1, waiting: int = 10, clock: Callable[[], float] | None = None) -> Gate:
    settings = AdmissionSettings(waiting=waiting)
    return Gate(settings, slots, clock or (lambda: 0.0), random.Random(1))


class Holder:
    """A task that asks for a permit and keeps it until told."""

    def __init__(self, of: Gate, request: Ask) -> None:
        self.inside = asyncio.Event()
        self.done = asyncio.Event()
        self.task = asyncio.create_task(self._hold(of, request))

    async def _hold(self, of: Gate, request: Ask) -> float:
        async with of.permit(request) as permit:
            self.inside.set()
            await self.done.wait()
        return permit.waited

    async def end(self) -> float:
        self.done.set()
        return await self.task


async def settled() -> None:
    """Everything that can go on has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_waits_goes_when_a_place_is_free() -> None:
    one = gate()
    first, second = Holder(one, ask()), Holder(one, ask())
    await settled()
    assert first.inside.is_set()
    assert not second.inside.is_set()
    await first.end()
    await second.inside.wait()
    await second.end()
    assert (one.policy.running, one.policy.waiting) == (0, 0)


async def test_a_permit_says_how_long_it_took() -> None:
    now = 0.0
    one = gate(clock=lambda: now)
    first, second = Holder(one, ask()), Holder(one, ask())
    await settled()
    now = 7.0
    assert await first.end() == 0
    assert await second.end() == 7


async def test_a_full_queue_refuses_at_once_with_a_time() -> None:
    one = gate(waiting=0)
    first = Holder(one, ask())
    await settled()
    with pytest.raises(Overloaded) as refusal:
        async with one.permit(ask()):
            pytest.fail("no place was free")
    assert refusal.value.retry_after >= 1
    await first.end()


async def test_a_deadline_ends_the_waiting_and_the_engine_is_not_asked() -> None:
    now = 0.0
    one = gate(clock=lambda: now)
    first, late = Holder(one, ask()), Holder(one, ask(deadline=5.0))
    await settled()
    now = 5.0
    one.observe(Load(1, 0, 1, 0, 0, 0, 0, 0, 0, 0))
    with pytest.raises(QueueDeadline) as refusal:
        await late.task
    assert refusal.value.retry_after > 0
    assert not late.inside.is_set()
    await first.end()


async def test_the_deadline_comes_by_itself() -> None:
    loop = asyncio.get_running_loop()
    one = gate(clock=loop.time)
    first, late = Holder(one, ask()), Holder(one, ask(deadline=loop.time() + 0.05))
    with pytest.raises(QueueDeadline):
        await late.task
    await first.end()


async def test_a_client_that_goes_while_it_waits_leaves_no_trace() -> None:
    one = gate()
    first, gone, third = Holder(one, ask()), Holder(one, ask()), Holder(one, ask())
    await settled()
    gone.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone.task
    await first.end()
    await third.inside.wait()
    assert not gone.inside.is_set()
    await third.end()
    assert (one.policy.running, one.policy.waiting) == (0, 0)


async def test_a_client_that_goes_just_as_its_turn_comes_gives_it_on() -> None:
    one = gate()
    first, gone, third = Holder(one, ask()), Holder(one, ask()), Holder(one, ask())
    await settled()
    first.done.set()
    await first.task  # the second has its turn and has not seen it yet
    gone.task.cancel()
    await third.inside.wait()
    await third.end()
    assert (one.policy.running, one.policy.waiting) == (0, 0)


async def test_an_error_inside_gives_the_place_back() -> None:
    one = gate()
    with pytest.raises(RuntimeError):
        async with one.permit(ask()):
            raise RuntimeError("the engine broke")
    assert one.policy.running == 0


async def test_a_quiet_key_takes_the_place_of_a_flood_in_a_full_queue() -> None:
    one = gate(waiting=3)
    first = Holder(one, ask("flood"))
    await settled()
    flood = [Holder(one, ask("flood")) for _ in range(3)]
    await settled()
    quiet = Holder(one, ask("quiet"))
    await settled()
    refused = [holder for holder in flood if holder.task.done()]
    assert len(refused) == 1
    assert isinstance(refused[0].task.exception(), Overloaded)
    served = [first, quiet, *(holder for holder in flood if holder not in refused)]
    await asyncio.gather(*(holder.end() for holder in served))


async def test_a_lost_gpu_is_not_waited_for() -> None:
    one = gate()
    inside, waiting = Holder(one, ask()), Holder(one, ask())
    await settled()
    one.observe(Load(0, 0, 1, 0, 0, 0, 0, 0, 0, 0, Device(lost=True, why="it is gone")))
    with pytest.raises(OutOfService, match="The GPU was lost: it is gone"):
        await waiting.task
    await inside.end()
    with pytest.raises(OutOfService, match="The GPU was lost: it is gone"):
        async with one.permit(ask()):
            pytest.fail("the GPU is lost")
    assert (one.policy.running, one.policy.waiting) == (0, 0)


async def test_a_thundering_herd_is_served_or_refused_and_nothing_is_left() -> None:
    one = gate(slots=4, waiting=50)
    holders = [Holder(one, ask(f"key {number % 7}")) for number in range(500)]
    await settled()
    refused = [holder for holder in holders if holder.task.done()]
    assert len(refused) == 500 - 4 - 50
    for holder in holders:
        holder.done.set()
    results = await asyncio.gather(*(h.task for h in holders), return_exceptions=True)
    assert sum(isinstance(result, float) for result in results) == 54
    assert all(isinstance(r, float | Overloaded) for r in results)
    assert (one.policy.running, one.policy.waiting) == (0, 0)


async def test_clients_that_come_back_at_once_add_nothing_to_the_engines_load() -> None:
    one = gate(slots=4, waiting=0)
    inside = [Holder(one, ask()) for _ in range(4)]
    await settled()
    refusals = 0
    for _ in range(300):
        try:
            async with one.permit(ask()):
                pytest.fail("no place was free")
        except Overloaded:
            refusals += 1
    assert refusals == 300
    assert one.policy.running == 4
    for holder in inside:
        await holder.end()
