"""`GET /metrics`: Prometheus text, for whoever has a key."""

import asyncio

from models.engine import Engine
from models.errors import EngineError
from models.load import Load
from serve.api.call import Call, Response
from serve.api.states import PATIENCE

TEXT = b"text/plain; version=0.0.4; charset=utf-8"


async def metrics(call: Call) -> Response:
    tiers = call.house.tiers
    loads = await asyncio.gather(*(_load(engine) for engine in tiers.values()))
    known = {tier: load for tier, load in zip(tiers, loads, strict=True) if load is not None}
    return Response(call.house.metrics.render(known), content_type=TEXT)


async def _load(engine: Engine) -> Load | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await engine.load()
    except (EngineError, TimeoutError):
        return None
