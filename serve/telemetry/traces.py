"""Sends finished requests as traces to an OTLP receiver, off the way of a request.

What waits is bounded: when the receiver is slow or gone, requests do not wait and memory does not
grow, but spans are dropped, and counted.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import unquote

import httpx
import orjson

from serve.receipt import Receipt
from serve.sections.tracing import TracingSettings
from serve.telemetry.spans import Parent, count, parent_of, spans, trace_id

LOG: Final = logging.getLogger("hearth.traces")
PERIOD: Final = 1.0  # seconds that requests are gathered
BATCH: Final = 256  # requests that are sent together
ROOM: Final = 2048  # requests that wait to be sent
TRIES: Final = 3  # of one batch; between them the period, twice as long each time
DEADLINE: Final = 5.0  # seconds for one try, and for the last ones when the gateway ends
COME_BACK: Final = frozenset({429, 502, 503, 504})  # what OTLP says a sender may try again
RESOURCE: Final = {"attributes": [{"key": "service.name", "value": {"stringValue": "hearth"}}]}
WHOLE: Final = 16**14  # of the last 56 bits of a trace's id, by which W3C has samples drawn

Waiting = tuple[Receipt, Parent | None]


class Traces:
    """Of one gateway. `counted` is told what became of how many spans: sent, dropped, failed."""

    def __init__(
        self,
        settings: TracingSettings,
        headers: Mapping[str, str],
        counted: Callable[[str, int], None],
        period: float = PERIOD,
    ) -> None:
        self._url = f"{settings.endpoint}".rstrip("/") + "/v1/traces"
        self._share = settings.sample
        self._headers = {**headers, "content-type": "application/json", "user-agent": "hearth"}
        self._counted = counted
        self._period = period
        self._waiting = deque[Waiting]()
        self._closing = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None

    def offer(self, receipt: Receipt, traceparent: bytes | None) -> None:
        """Have a finished request sent, if it is one of the sample. Waits for nothing."""
        # Who has no key does not decide what is recorded, nor where it belongs.
        parent = parent_of(traceparent) if receipt.key_id else None
        if self._closing.is_set() or not self._wanted(receipt, parent):
            return
        if len(self._waiting) >= ROOM:
            self._counted("dropped", count(receipt))
            return
        self._waiting.append((receipt, parent))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_all())

    async def close(self) -> None:
        """Send what waits, for a short while."""
        self._closing.set()
        if self._sending is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._sending, DEADLINE)
        for receipt, _ in self._waiting:
            self._counted("dropped", count(receipt))
        self._waiting.clear()

    def _wanted(self, receipt: Receipt, parent: Parent | None) -> bool:
        if parent is not None:
            return parent.sampled
        return int(trace_id(receipt)[-14:], 16) < self._share * WHOLE

    async def _send_all(self) -> None:
        """Runs as long as something waits."""
        async with httpx.AsyncClient(headers=self._headers, trust_env=False) as http:
            while self._waiting:
                if len(self._waiting) < BATCH:
                    await self._pause(self._period)
                size = min(BATCH, len(self._waiting))
                await self._send(http, [self._waiting.popleft() for _ in range(size)])
            self._sending = None  # from here on, who offers something begins anew

    async def _send(self, http: httpx.AsyncClient, batch: list[Waiting]) -> None:
        outcome = "dropped"
        try:
            body = await asyncio.to_thread(encoded, batch)
            outcome = "sent" if await self._sent(http, body) else "failed"
        finally:
            self._counted(outcome, sum(count(receipt) for receipt, _ in batch))

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    async def _sent(self, http: httpx.AsyncClient, body: bytes) -> bool:
        for number in range(TRIES):
            try:
                async with asyncio.timeout(DEADLINE):
                    status = (await http.post(self._url, content=body)).status_code
            except (httpx.HTTPError, TimeoutError) as exc:
                status = 503
                LOG.debug("Traces were not taken: %s", type(exc).__name__)
            if status not in COME_BACK:
                break
            if number < TRIES - 1:
                await self._pause(self._period * 2**number)
        if status >= 300:
            LOG.warning("Traces were not taken: status %d", status)
        return status < 300


def encoded(batch: list[Waiting]) -> bytes:
    told = [span for receipt, parent in batch for span in spans(receipt, parent)]
    scope = {"scope": {"name": "hearth"}, "spans": told}
    return orjson.dumps({"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [scope]}]})


def headers_of(text: str) -> dict[str, str]:
    """Of `name=value,name=value`, as OpenTelemetry has headers in the environment."""
    pairs = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    told = {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}
    return {name: value for name, value in told.items() if name}
