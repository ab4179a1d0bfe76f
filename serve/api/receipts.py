"""`/v1/receipts` and `/v1/feedback`: what happened to a request, and what its reader thinks of it.

A receipt is shown to its tenant and to admins; to all others it does not exist.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from index.errors import StorageBusy, StorageFailed
from serve.api.call import Call, Response, as_json
from serve.api.lists import asked_of, one_of, whole
from serve.api.schema_feedback import NewFeedback
from serve.api.vector_stores import asked_for
from serve.errors import NotFound
from serve.receipt import id_at
from serve.receipts.feedback import BYS, By, Opinion, about, comments, put, summary
from serve.receipts.keeping import GATHER
from serve.receipts.outcome import told_outcome
from serve.receipts.receipt_file import found, known
from serve.receipts.time_spent import time_spent

SETTLING: Final = 2.0  # seconds that a question waits for what this gateway has still to write
NEW: Final = 3600.0  # seconds since a request came that may have ended just now
MOMENT: Final = 0.9  # seconds for another gateway to write what it has gathered
LOOK: Final = 0.03  # seconds between looks for it
DAYS: Final = 30
MOST: Final = 1000  # comments of one answer
T = TypeVar("T")


async def receipt(call: Call) -> Response:
    """With what its caller said of the answer; admins see what everybody said."""
    asked_of(call, ())
    one = await _receipt(call, call.params["receipt"])
    who = None if call.rights.admin else _account(call)
    told = {
        "outcome": told_outcome(one),
        "time": [asdict(each) for each in time_spent(one)],
        "feedback": await asked_of_file(call, lambda db: about(db, one["request_id"], who)),
    }
    return as_json({"object": "receipt", **one, **told})


async def give_feedback(call: Call) -> Response:
    """In the place of what the same key said before. A thumb down on an answer that is kept, or
    was: it is given no more.
    """
    asked: NewFeedback = await asked_for(call, NewFeedback)
    one = await _receipt(call, asked.receipt_id)
    opinion = Opinion(one["request_id"], _account(call), asked.rating, asked.comment, time.time())
    is_new = await asked_of_file(call, lambda db: put(db, opinion, one), write=True)
    if is_new:
        call.house.metrics.count_feedback(asked.rating)
    forgotten = asked.rating == "down" and await _disliked(call, one["cache_key"])
    return as_json(
        {
            "object": "feedback",
            "receipt_id": asked.receipt_id,
            "rating": asked.rating,
            "comment": asked.comment,
            "answer_forgotten": forgotten,
        }
    )


async def feedback_summary(call: Call) -> Response:
    """Thumbs per day, by what `by` names, of the last `days`, and the newest comments."""
    asked = asked_of(call, ("by", "days", "comments"))
    by = one_of(asked, "by", BYS, "model")
    since = time.time() - whole(asked, "days", DAYS, 9999) * 86_400
    limit = whole(asked, "comments", 20, MOST)
    return as_json(await asked_of_file(call, lambda db: _feedback_object(db, by, since, limit)))


def _feedback_object(db: apsw.Connection, by: By, since: float, limit: int) -> dict[str, Any]:
    said = comments(db, since, limit)
    return {"object": "feedback.summary", "by": by, "data": summary(db, by, since)} | {
        "comments": said
    }


def _account(call: Call) -> str:
    return call.key.account if call.key else ""


async def _disliked(call: Call, key: str | None) -> bool:
    if key is None or call.house.memory is None:
        return False
    return await call.house.memory.dislike(bytes.fromhex(key))


async def _receipt(call: Call, name: str) -> dict[str, Any]:
    """As it was told. Raises `NotFound` for one that is somebody else's, too, and as late.

    Another gateway may have it, which writes it in a moment, and cannot be asked to hurry.
    """
    is_new = name >= id_at(time.time() - NEW)
    last = time.monotonic() + (GATHER + MOMENT if is_new else 0.0)
    while True:
        one = await asked_of_file(call, lambda db: found(db, name))
        if one is not None and (call.rights.admin or one["tenant"] == call.tenant):
            return one
        if time.monotonic() >= last:
            raise NotFound("There is no receipt with this id.", code="not_found")
        await asyncio.sleep(LOOK)


async def asked_of_file(call: Call, ask: Callable[[apsw.Connection], T], write: bool = False) -> T:
    """What `ask` finds in the file of receipts, with all in it that this gateway has kept."""
    if call.house.receipts is None:
        raise NotFound("This appliance keeps no receipts: receipts.enabled is off.", code="off")
    await asyncio.to_thread(call.house.receipts.settle, SETTLING)
    return await asyncio.to_thread(_ask, call.house.settings.receipts_file, ask, write)


def _ask(path: Path, ask: Callable[[apsw.Connection], T], write: bool) -> T:
    try:
        with closing(known(path, write)) as db:
            return ask(db)
    except apsw.BusyError as exc:
        raise StorageBusy("The receipts are in use at present. Try again soon.") from exc
    except apsw.Error as exc:
        raise StorageFailed("The receipts cannot be read or written at present.") from exc
