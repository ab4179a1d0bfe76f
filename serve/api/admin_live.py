"""`/admin/live`: how the appliance is just now. For admins.

What may hang is asked at the same time, and waited for no longer than `PATIENCE`.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from typing import Any, Final

import psutil

from models.gpu.readings import Gpu, GpuReading
from models.load import Load
from models.memory.plan import Plan
from models.memory.room import free_of_machine
from serve.api.admin_cache import measured_object
from serve.api.call import Call, Response, as_json
from serve.api.house import House
from serve.api.lists import asked_of
from serve.api.metrics import measured_in
from serve.api.states import PATIENCE, State
from serve.capacity import plans
from serve.config import Settings
from serve.doctor import QUICK, examine
from serve.generation.tiers import Tier
from serve.pipeline import Pipeline
from serve.supervisor.place import Place

LOOK: Final = 0.1  # seconds in which the processor is watched
OF_GPU: Final = (
    *("index", "name", "memory_total", "memory_free", "memory_used", "utilisation", "power"),
    *("power_limit", "temperature", "slowdowns", "throttled", "failing"),
)
OF_LOAD: Final = (
    *("running", "waiting", "slots_useful", "kv_tokens_used", "kv_tokens_total"),
    *("prefill_rate", "decode_rate", "memory_used", "memory_total"),
)
OF_PLAN: Final = (
    *("weights", "kv_cache", "margin", "needed", "lacking", "context_length", "concurrency"),
)


async def live(call: Call) -> Response:
    asked_of(call, ())
    house = call.house
    states, measured, found = await asyncio.gather(
        house.states.now(), measured_in(house.memory), asyncio.to_thread(_found, house)
    )
    loads, pipeline = await house.states.loads(), house.pipeline
    tiers = [_tier(tier, states[tier.name], loads) for tier in pipeline.tiers.values()]
    able = any(state.is_ready for state in states.values())
    return as_json(
        {
            "object": "live",
            "ready": able,
            "degraded": able and any(state.degraded for state in states.values()),
            "gateways": house.settings.gateway.replicas,
            "tiers": tiers,
            "brownout": _brownout(pipeline, house.settings),
            "in_other_words": measured and measured_object(measured),
            "receipts": asdict(house.receipts.standing) if house.receipts else None,
            **found,
        }
    )


def _tier(tier: Tier, state: State, loads: Mapping[str, Load]) -> dict[str, Any]:
    """What admission and the breaker say is of the gateway that answers."""
    now, policy, load = time.monotonic(), tier.gate.policy, loads.get(tier.name)
    return {
        "name": tier.name,
        "engine": tier.settings.engine,
        "model": tier.settings.model,
        "remote": tier.settings.remote,
        "replicas": tier.settings.replicas,
        "context_length": tier.engine.card.context_length,
        **asdict(state),
        "load": load and _load(load.of_all(tier.settings.replicas)),
        "admission": {
            "running": policy.running,
            "waiting": policy.waiting,
            "places": policy.places,
            "pressure": policy.pressure(),
        },
        "breaker": {
            "state": tier.breaker.state(now),
            "retry_after": tier.breaker.retry_after(now),
        },
    }


def _load(load: Load) -> dict[str, Any]:
    device = {name: getattr(load.device, name) for name in ("throttled", "tight", "lost")}
    return {"slots": load.slots_total, **{name: getattr(load, name) for name in OF_LOAD}, **device}


def _brownout(pipeline: Pipeline, settings: Settings) -> dict[str, Any]:
    watch, ladder = pipeline.watch, settings.brownout.steps
    return {"pressure": watch.pressure, "steps": watch.brownout, "ladder": ladder}


def _found(house: House) -> dict[str, Any]:
    """What takes a while to find."""
    settings, gpus = house.settings, house.gpus.read(PATIENCE / 2)
    started_at, now = _started_at(settings), time.time()
    return {
        "at": now,
        "version": _version(),
        "started_at": started_at,
        "uptime": now - started_at,
        "memory": [_plan(settings, *each) for each in plans(settings, gpus).items()],
        "gpus": None if gpus.state == "absent" else _gpus(gpus),
        "machine": _machine(settings),
        "findings": [asdict(each) for each in examine(settings, QUICK)],
    }


def _plan(settings: Settings, tier: str, plan: Plan | str) -> dict[str, Any]:
    known = {"tier": tier, "model": settings.tiers[tier].model}
    if isinstance(plan, str):
        nothing = dict.fromkeys(("where", "total", "free", *OF_PLAN))
        return known | {"reason": plan} | nothing
    room = {"where": plan.room.where, "total": plan.room.total, "free": plan.room.free}
    return known | {"reason": None} | room | {name: getattr(plan, name) for name in OF_PLAN}


def _gpus(reading: GpuReading) -> dict[str, Any]:
    told = {"state": reading.state, "detail": reading.detail, "driver": reading.driver}
    return told | {"lost": reading.lost, "gpus": [_gpu(gpu) for gpu in reading.gpus]}


def _gpu(gpu: Gpu) -> dict[str, Any]:
    return {name: getattr(gpu, name) for name in OF_GPU}


def _machine(settings: Settings) -> dict[str, Any]:
    memory, disk = free_of_machine(), psutil.disk_usage(str(settings.data))
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": psutil.cpu_percent(LOOK) / 100,
        "load": os.getloadavg(),
        "memory_total": memory.total,
        "memory_free": memory.free,
        "disk_total": disk.total,
        "disk_free": disk.free,
    }


def _started_at(settings: Settings) -> float:
    """Of the supervisor or, where this is not a whole appliance, of this process."""
    try:
        return psutil.Process(Place(settings.data).supervisor()).create_time()
    except psutil.Error:
        return psutil.Process().create_time()


@cache
def _version() -> str:
    return version("hearth")
