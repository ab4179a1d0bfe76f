"""`/admin/benchmarks`: what `hearth bench` has measured here. For admins."""

import asyncio
from typing import Any

from serve.api.call import Call, Response, as_json
from serve.api.lists import asked_of
from serve.bench.kept import Kept, kept, one
from serve.errors import NotFound


async def benchmarks(call: Call) -> Response:
    """The newest first, without their figures."""
    asked_of(call, ())
    found = await asyncio.to_thread(kept, call.house.settings.data)
    parts = ("conditions", "knee")
    data = [_told(each) | {part: each.report.get(part) for part in parts} for each in found]
    return as_json({"object": "list", "data": data})


async def benchmark(call: Call) -> Response:
    asked_of(call, ())
    found = await asyncio.to_thread(one, call.house.settings.data, call.params["name"])
    if found is None:
        raise NotFound("There is no report of this name.", code="not_found")
    return as_json(_told(found) | {"report": found.report})


def _told(report: Kept) -> dict[str, Any]:
    return {"id": report.name, "object": "benchmark", "at": report.at, "bytes": report.size}
