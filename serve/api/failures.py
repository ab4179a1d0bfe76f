"""What a client is told when something went wrong, and what the log is told when nobody knows."""

import logging
import math

import orjson

from serve.api.call import RawHeaders, Response
from serve.errors import INTERNAL, Described, describe
from serve.receipt import Receipt

LOG = logging.getLogger("hearth.api")

# Clients retry these statuses by themselves; for any other failure a retry is useless.
RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504})
# With these codes a retry would only cost the same again.
HOPELESS = frozenset(
    {"deadline_exceeded", "model_checksum_mismatch", "conflict", "insufficient_quota"}
)
# Statuses after which the rest of the request is not worth reading.
CLOSING = frozenset({408, 413, 431})


def noted(exc: Exception, receipt: Receipt) -> Described:
    """What goes out for `exc`; the receipt gets its code, the log the traceback of a surprise."""
    described = describe(exc)
    receipt.error = described.code or described.body["error"]["type"]
    if described.code == INTERNAL.code:
        LOG.error("request %s failed", receipt.id, exc_info=exc)
    return described


def failure(exc: Exception, receipt: Receipt, more: RawHeaders | None = None) -> Response:
    described = noted(exc, receipt)
    headers = [*_headers(described), *(more or [])]
    return Response(orjson.dumps(described.body), described.status, headers=tuple(headers))


def _headers(described: Described) -> RawHeaders:
    headers: RawHeaders = []
    if (seconds := _retry_after(described)) is not None:
        headers.append((b"retry-after", str(seconds).encode()))
    if described.status not in RETRIED or described.code in HOPELESS:
        headers.append((b"x-should-retry", b"false"))
    if described.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if described.status in CLOSING:
        headers.append((b"connection", b"close"))
    return headers


def _retry_after(described: Described) -> int | None:
    """In whole seconds, as the header has it."""
    return None if described.retry_after is None else max(1, math.ceil(described.retry_after))


def failure_event(exc: Exception, receipt: Receipt) -> bytes:
    """The same after the status line has gone out: one server-sent event, which has in its error
    what else would be the `status` and the header.
    """
    described = noted(exc, receipt)
    more = {"status": described.status, "retry_after": _retry_after(described)}
    return b"data: %b\n\n" % orjson.dumps({"error": {**described.body["error"], **more}})
