"""`GET /v1/key`: what the key that asks may do, and what is left of its limits."""

from dataclasses import asdict

from serve.api.admin_keys import key_object
from serve.api.call import Call, Response, as_json
from serve.api.lists import asked_of
from serve.api.permission import payers_of
from serve.errors import InvalidKey


async def own_key(call: Call) -> Response:
    """As admins see it, with the limits of its groups, too: those of the models are not its own."""
    asked_of(call, ())
    if (key := call.key) is None:
        raise InvalidKey
    left = call.house.pipeline.billing.limiting.left(payers_of(call))
    limits = [asdict(each) for each in left]
    return as_json(key_object(key) | {"admin": key.admin, "limits": limits})
