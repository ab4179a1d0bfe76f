"""`/admin/usage`: what was used, and what it cost. For admins."""

import time
from typing import Final

from serve.api.call import Call, Response, as_json
from serve.api.lists import asked_of, moment, one_of
from serve.api.receipts import asked_of_file
from serve.receipts.usage import BYS, NEVER, Span, as_object, usage

WEEK: Final = 7 * 86_400


async def used(call: Call) -> Response:
    """As `hearth usage` adds it up: in whole hours, of the last week where nothing is said."""
    asked = asked_of(call, ("by", "since", "until"))
    by = one_of(asked, "by", BYS, "key")
    since, until = moment(asked, "since"), moment(asked, "until")
    span = Span(time.time() - WEEK if since is None else since, NEVER if until is None else until)
    settings = call.house.settings
    local = [name for name, tier in settings.tiers.items() if not tier.remote]
    found = await asked_of_file(call, lambda db: usage(db, by, span, local, settings.cost))
    names = {key.id: key.name for key in call.house.keys.all()}
    return as_json({"object": "usage", "by": by, "until": until} | as_object(found, by, names))
