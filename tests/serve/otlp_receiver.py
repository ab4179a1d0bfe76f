"""An OTLP receiver that records: what comes is read by OpenTelemetry's own definitions."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Receiver:
    """`statuses`: what the first posts are answered with; then 200."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.spans: list[Any] = []
        self.paths: list[str] = []
        self.headers: list[dict[bytes, bytes]] = []
        self.bodies: list[bytes] = []
        self.came = asyncio.Event()
        self.port = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        status = self.statuses.pop(0) if self.statuses else 200
        self.paths.append(scope["path"])
        self.headers.append(dict(scope["headers"]))
        if status == 200:
            self._take(body)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    def _take(self, body: bytes) -> None:
        self.bodies.append(body)
        request = Parse(_ids_as_base64(body), ExportTraceServiceRequest())
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans += scope.spans
        self.came.set()


def _ids_as_base64(body: bytes) -> bytes:
    """OTLP's JSON has ids in hexadecimal, where protobuf's own has base64."""
    told = json.loads(body)
    for resource in told["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name in ("traceId", "spanId", "parentSpanId"):
                    span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    return json.dumps(told).encode()


def attributes(span: Any) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        kind = value.WhichOneof("value")
        if kind == "array_value":
            return [plain(each) for each in value.array_value.values]
        return getattr(value, kind)

    return {each.key: plain(each.value) for each in span.attributes}


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """On a free port of the loopback."""
    receiver = Receiver()
    config = uvicorn.Config(receiver, port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    receiver.port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.should_exit = True
        await serving
