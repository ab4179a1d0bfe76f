"""`POST /signin`: a one-time token from `hearth up` is exchanged for a key."""

import time

from serve.api.call import Call, Response, as_json
from serve.errors import BadRequest, NotFound


async def signin(call: Call) -> Response:
    """Public: the token is the credential. `{"token": "..."}` -> `{"key": "..."}`."""
    document = await call.document()
    token = document.get("token")
    if set(document) != {"token"} or not isinstance(token, str):
        raise BadRequest('The body must be {"token": "..."}.', "token", "invalid_type")
    if call.house.signins is None:
        raise NotFound("This appliance hands out no sign-in links.", code="unknown_url")
    key, text = call.house.signins.redeem(token, time.time(), call.house.keys)
    call.receipt.key_id = key.id
    return as_json({"key": text})
