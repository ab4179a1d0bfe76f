"""`/admin/quality`: how golden questions are answered, now and before. For admins."""

import asyncio
from typing import Any, Final

from serve.api.call import Call, Response, as_json
from serve.api.lists import asked_of
from serve.ledger.quality import QualityFile

SHOWN: Final = 20  # runs


async def quality(call: Call) -> Response:
    asked_of(call, ())
    return as_json(await asyncio.to_thread(_quality_object, call.house.quality))


async def run_quality(call: Call) -> Response:
    """Asked soon, once nobody else is answered: the answer does not wait for that."""
    asked_of(call, ())
    await asyncio.to_thread(call.house.quality.note, "wished", call.receipt.id)
    call.house.keys.record(call.actor, "quality.run", "quality")
    return as_json({"object": "quality.run", "wished": True})


async def forget_quality(call: Call) -> Response:
    """The next run is compared with none."""
    asked_of(call, ())
    count = await asyncio.to_thread(call.house.quality.forget)
    call.house.keys.record(call.actor, "quality.forget", "quality", runs=count)
    return as_json({"object": "quality.forget", "runs": count})


def _quality_object(file: QualityFile) -> dict[str, Any]:
    """Times in unix seconds, the newest run first; `running` as in 3/20."""
    notes, runs = file.notes(), file.runs(SHOWN)
    return {
        "object": "quality",
        "wished": bool(notes["wished"]),
        "running": notes["running"] or None,
        "trouble": notes["trouble"] or None,
        "worse": [name for name, trend in file.latest().items() if trend.dropped],
        "questions": file.outcomes(),
        "runs": [
            {field: run[field] for field in ("began", "ended", "why", "sets")} for run in runs
        ],
    }
