"""What the machine takes: tallied by looks, and written by the hour."""

import asyncio
from contextlib import aclosing, closing
from pathlib import Path

import pytest

from models.engine import Message, Prompt
from models.scripted import Script, ScriptedEngine
from serve.receipts.metering import LONGEST, Meter, Tally
from serve.receipts.power import NOTHING, Power
from serve.receipts.receipt_file import ReceiptFile, known
from tests.serve.receipts.receipts_made import AT


def test_looks_add_up_and_idling_stays_apart() -> None:
    tally = Tally(watts=36.0)
    tally.look(10.0, 1000.0, busy=True)
    tally.look(12.0, 1072.0, busy=True)
    tally.look(14.0, 1072.0, busy=False)
    assert tally.taken() == pytest.approx(Power(4.0, 2.0, 0.06, 0.02))
    assert tally.taken() == NOTHING


def test_of_a_gap_nothing_is_known_and_a_counter_that_is_lost_takes_nothing_back() -> None:
    tally = Tally(watts=0.0)
    tally.look(0.0, 5000.0, busy=True)
    tally.look(LONGEST + 1, 9000.0, busy=True)
    assert tally.power.seconds == 0
    tally.look(LONGEST + 2, 0.0, busy=True)
    assert tally.power == Power(1.0, 1.0, 0.0, 0.0)


async def joules() -> float:
    return 0.0


async def noted(path: Path, engine: ScriptedEngine) -> Power:
    """The first that a meter writes."""
    with closing(ReceiptFile(path)), closing(known(path)) as db:
        meter = Meter(path, [engine], watts=3600.0, clock=lambda: AT)
        running = asyncio.ensure_future(meter.run(joules, period=0.01, noted=0.05))
        try:
            async with asyncio.timeout(20):
                while not (rows := list(db.execute("SELECT * FROM power"))):
                    await asyncio.sleep(0.01)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    ((hour, *power),) = rows
    assert hour == AT // 3600
    return Power(*power)


async def test_an_engine_that_answers_makes_the_machine_busy(tmp_path: Path) -> None:
    engine = ScriptedEngine("echo", Script(words=("a",) * 10, token_delay=10))
    idle = await noted(tmp_path / "idle.db", engine)
    assert (idle.busy, idle.idle) == (0.0, idle.energy)
    assert idle.energy == pytest.approx(idle.seconds)
    prompt = Prompt("1", "anna", (Message("user", "hello"),))
    async with aclosing(engine.generate(prompt)) as chunks:
        await anext(chunks)
        busy = await noted(tmp_path / "busy.db", engine)
    assert (busy.busy, busy.idle) == (busy.seconds, 0.0)
