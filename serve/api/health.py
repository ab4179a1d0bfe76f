"""`/health/live` and `/health/ready`, for whoever watches over the appliance: no key needed."""

from dataclasses import asdict

from serve.api.call import Call, Response, as_json
from serve.api.states import READY


async def live(call: Call) -> Response:
    return as_json({"status": "ok"})


async def ready(call: Call) -> Response:
    """200 only while some tier can produce tokens."""
    states = await call.house.states.now()
    able = READY in states.values()
    tiers = {tier: asdict(state) for tier, state in states.items()}
    return as_json({"ready": able, "tiers": tiers}, 200 if able else 503)
