"""The HTTP interface as one ASGI application: guard, key, route, answer, receipt.

It is written against ASGI itself: a small answer costs about as much as its checks, and a client
that goes away is noticed wherever the request is.
"""

import asyncio
import logging
import time

from starlette.types import ASGIApp, Receive, Scope, Send

from serve.api import guard
from serve.api.call import Call, ClientGone, Response
from serve.api.failures import failure
from serve.api.house import House
from serve.api.permission import check_scope
from serve.api.routes import Handler, Route, find
from serve.errors import InvalidKey, MethodNotAllowed, NotFound, TooManyBadKeys
from serve.receipts.metering import counters
from serve.receipts.outcome import CLIENT_LEFT
from serve.receipts.receipt_line import as_line, as_row
from serve.telemetry.log_lines import REQUEST

__all__ = ["House", "create_app"]

RECEIPTS = logging.getLogger("hearth.receipts")
UNMATCHED = "unmatched"
# Asked again and again by who watches: what is not worth a receipt.
WATCHED = frozenset({"/metrics", "/admin/live", "/admin/overview"})


def create_app(house: House) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _serve(Call(house, scope, receive, send))
        elif scope["type"] == "lifespan":
            await _live(house, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": "Not supported."})

    return app


async def _live(house: House, receive: Receive, send: Send) -> None:
    metering = asyncio.ensure_future(_metered(house))
    while (message := await receive())["type"] != "lifespan.shutdown":
        if house.watching is not None:
            house.watching.start()
        await send({"type": f"{message['type']}.complete"})
    if house.watching is not None:
        await house.watching.close()
    metering.cancel()
    await asyncio.gather(metering, return_exceptions=True)
    if house.traces is not None:
        await house.traces.close()
    if house.receipts is not None:
        await asyncio.to_thread(house.receipts.close)
    await send({"type": "lifespan.shutdown.complete"})


async def _metered(house: House) -> None:
    if house.meter is not None:
        await house.meter.run(await counters())


async def _serve(call: Call) -> None:
    """Answer, and close the receipt however that ends: cancelling means that the client left."""
    REQUEST.set(call.receipt.id)
    status = CLIENT_LEFT
    try:
        status = await _answer(call)
    except ClientGone:
        call.receipt.error = "client_gone"
    finally:
        _finish(call, status)


async def _answer(call: Call) -> int:
    """The status that went out."""
    try:
        response = await _handle(call)
    except ClientGone:
        raise
    except Exception as exc:
        if call.started:
            raise
        response = failure(exc, call.receipt, _hints(call, exc))
    if response is None:
        return 200
    await call.respond(response)
    return response.status


async def _handle(call: Call) -> Response | None:
    """Everything that can be refused without the body is refused before the body is read."""
    settings, headers, authorities = call.house.settings, call.headers, call.house.authorities
    match = find(call.path)
    route = match.route if match else None
    call.receipt.path = route.name if route else UNMATCHED
    guard.check_size(headers, settings.limits)
    guard.check_host(headers, authorities)
    guard.check_origin(headers, call.method, authorities)
    if route is None or not route.public:
        await _authenticate(call)
    if match is None or route is None:
        raise NotFound("Unknown request URL: there is nothing here.", code="unknown_url")
    if not route.public:
        check_scope(call.rights, route.needs(call.method))
    call.params = match.params
    if call.method == "OPTIONS":
        return Response(b"", headers=((b"allow", route.allow),))
    return await _handler(call, route)(call)


async def _authenticate(call: Call) -> None:
    """Raises `MissingKey`, `InvalidKey`; `TooManyBadKeys`, late, to an address that tries many."""
    try:
        with call.receipt.step("authenticate"):
            call.is_from(call.house.keys.authenticate(guard.bearer(call.headers)))
    except InvalidKey:
        too_many = call.house.knocks.bad_key(call.address, time.monotonic())
        if too_many is None:
            raise
        await call.unless_gone(asyncio.sleep(too_many.hold))
        text = f"Too many bad keys came from here. Try again in {too_many.retry_after:.0f} seconds."
        raise TooManyBadKeys(text, too_many.retry_after) from None


def _handler(call: Call, route: Route) -> Handler:
    handler = route.handlers.get(call.method)
    if handler is None:
        raise MethodNotAllowed(f"Only {route.allow.decode()} are allowed here.")
    if call.method in ("POST", "PATCH") and route.body != "none":
        guard.check_body(call.headers, route.body)
    return handler


def _hints(call: Call, exc: Exception) -> list[tuple[bytes, bytes]]:
    match = find(call.path) if isinstance(exc, MethodNotAllowed) else None
    return [(b"allow", match.route.allow)] if match else []


def _finish(call: Call, status: int) -> None:
    receipt = call.receipt
    receipt.close(status, receipt.error)
    call.house.metrics.observe(receipt)
    if receipt.path.startswith("/health/"):
        return
    if call.house.traces is not None and receipt.path not in WATCHED:
        call.house.traces.offer(receipt, call.headers.only(b"traceparent"))
    is_logged = call.house.settings.log.receipts
    # What nobody with a key asked could push out what others did.
    keeping = call.house.receipts if receipt.key_id and receipt.path not in WATCHED else None
    if not (is_logged or keeping):
        return
    line = as_line(receipt)
    if is_logged:
        RECEIPTS.info(line.decode())
    if keeping is not None:
        keeping.keep(as_row(receipt, line))
