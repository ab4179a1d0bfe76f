"""`/health/live` and `/health/ready`, for whoever watches over the appliance: no key needed."""

from dataclasses import asdict

from serve.api.call import Call, Response, as_json


async def live(call: Call) -> Response:
    return as_json({"status": "ok"})


async def ready(call: Call) -> Response:
    """200 only while some tier can produce tokens. Degraded: not all can, or not in full."""
    states = await call.house.states.now()
    able = any(state.is_ready for state in states.values())
    degraded = able and any(state.degraded for state in states.values())
    tiers = {tier: asdict(state) for tier, state in states.items()}
    body = {"ready": able, "degraded": degraded, "tiers": tiers}
    return as_json(body, 200 if able else 503)
