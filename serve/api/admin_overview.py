"""`/admin/overview`: how answers went lately, for tiles and plots. For admins."""

import time
from dataclasses import asdict
from typing import Any, Final

import apsw

from serve.api.call import Call, Response, as_json
from serve.api.lists import asked_of, whole
from serve.api.receipts import asked_of_file
from serve.receipts.usage import Machine, Span, machine_in
from serve.receipts.window import window
from serve.sections.receipts import CostSettings
from serve.telemetry.overview import Frame, frame_of, points, together

MOST: Final = 31 * 24 * 60  # minutes


async def overview(call: Call) -> Response:
    """Not `complete`, where one of `sampled` requests stands for all: there were too many."""
    asked = asked_of(call, ("minutes",))
    minutes = whole(asked, "minutes", 60, MOST)
    frame, costs = frame_of(minutes, time.time()), call.house.settings.cost
    found = await asked_of_file(call, lambda db: _seen(db, frame, costs))
    return as_json({"object": "overview", "minutes": minutes, **found})


def _seen(db: apsw.Connection, frame: Frame, costs: CostSettings) -> dict[str, Any]:
    before = frame.before
    rows, every = window(db, frame.since, frame.since + frame.length)
    earlier, of_earlier = window(db, before.since, frame.since)
    machine = machine_in(db, Span(frame.since), costs)
    return {
        "since": frame.since,
        "until": frame.since + frame.length,
        "step": frame.step,
        "complete": every == of_earlier == 1,
        "sampled": every,
        "points": points(rows, frame, every),
        "totals": together(rows, frame, every),
        "before": together(earlier, before, of_earlier),
        "machine": _told(machine) if machine else None,
    }


def _told(machine: Machine) -> dict[str, float]:
    return {**asdict(machine), "idle_share": 1 - machine.busy / machine.seconds}
