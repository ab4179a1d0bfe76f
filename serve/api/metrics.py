"""`GET /metrics`: Prometheus text, for whoever has a key."""

import asyncio
import logging
from typing import Final

from index.caches.measured import Measured
from index.caches.memory import Memory
from serve.api.call import Call, Response
from serve.api.house import House
from serve.api.states import PATIENCE
from serve.policy.quality import Trend

LOG: Final = logging.getLogger("hearth.cache")
TEXT = b"text/plain; version=0.0.4; charset=utf-8"


async def metrics(call: Call) -> Response:
    loads = await call.house.states.loads()
    states = {tier: state.state for tier, state in (await call.house.states.now()).items()}
    measured = await measured_in(call.house.memory)
    # Adding up the files of several gateways takes milliseconds that answers need not wait for.
    render = call.house.metrics.render
    golden = await asyncio.to_thread(_golden, call.house)
    text = await asyncio.to_thread(render, loads, states, measured, golden)
    return Response(text, content_type=TEXT)


def _golden(house: House) -> dict[str, Trend]:
    if house.settings.quality.questions is None:
        return {}
    return house.quality.latest()


async def measured_in(memory: Memory | None) -> Measured | None:
    """None where nothing is given in other words, or the memory is out of reach at present."""
    if memory is None:
        return None
    try:
        async with asyncio.timeout(PATIENCE):
            return (await memory.stats()).measured
    except Exception as exc:
        LOG.debug("No counts of kept answers: %s", type(exc).__name__)
        return None
