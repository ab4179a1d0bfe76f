"""Traces against a recording receiver on a socket."""

import asyncio
import socket
from collections import Counter

import pytest

from serve.receipt import Receipt, Step
from serve.sections.tracing import TracingSettings
from serve.telemetry.traces import ROOM, Traces, headers_of
from tests.serve.otlp_receiver import attributes, receiving

WITHIN = 20.0
PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"


class Counts(Counter[str]):
    def __call__(self, outcome: str, number: int) -> None:
        self[outcome] += number


def traces(port: int, counts: Counts, **more: object) -> Traces:
    settings = TracingSettings.model_validate({"endpoint": f"http://127.0.0.1:{port}/in/", **more})
    return Traces(settings, {"authorization": "Basic abc"}, counts, period=0.01)


def finished(key: str | None = "key-1") -> Receipt:
    receipt = Receipt(path="/v1/chat/completions", model="echo", key_id=key)
    receipt.steps.append(Step("authenticate", "ok", 1.0))
    receipt.close(200)
    return receipt


async def test_spans_arrive_with_their_headers() -> None:
    counts, receipt = Counts(), finished()
    async with asyncio.timeout(WITHIN), receiving() as receiver:
        sender = traces(receiver.port, counts)
        sender.offer(receipt, None)
        await receiver.came.wait()
        await sender.close()
    assert receiver.paths == ["/in/v1/traces"]
    assert receiver.headers[0][b"authorization"] == b"Basic abc"
    assert receiver.headers[0][b"content-type"] == b"application/json"
    assert [span.name for span in receiver.spans] == ["chat echo", "authenticate"]
    assert attributes(receiver.spans[0])["hearth.request_id"] == receipt.id
    assert counts == {"sent": 2}


async def test_a_clients_trace_is_continued_and_its_wish_obeyed() -> None:
    counts = Counts()
    async with asyncio.timeout(WITHIN), receiving() as receiver:
        sender = traces(receiver.port, counts, sample=0.0)
        sender.offer(finished(), None)
        sender.offer(finished(), PARENT + b"0")
        sender.offer(finished(key=None), PARENT + b"1")
        sender.offer(finished(), PARENT + b"1")
        await sender.close()
    whole = receiver.spans[0]
    assert whole.trace_id.hex() == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert whole.parent_span_id.hex() == "00f067aa0ba902b7"
    assert counts == {"sent": 2}


async def test_a_share_of_the_requests_is_traced() -> None:
    counts = Counts()
    async with asyncio.timeout(WITHIN), receiving() as receiver:
        sender = traces(receiver.port, counts, sample=0.25)
        for _ in range(1000):
            sender.offer(finished(), None)
        await sender.close()
    assert 180 < len({span.trace_id for span in receiver.spans}) < 320


async def test_a_receiver_that_is_busy_gets_them_later() -> None:
    counts = Counts()
    async with asyncio.timeout(WITHIN), receiving() as receiver:
        receiver.statuses = [503, 429]
        sender = traces(receiver.port, counts)
        sender.offer(finished(), None)
        await receiver.came.wait()
        await sender.close()
    assert (len(receiver.paths), counts) == (3, {"sent": 2})


@pytest.mark.parametrize(("statuses", "tries"), [([400], 1), ([503, 503, 503], 3)])
async def test_what_nobody_takes_is_counted(statuses: list[int], tries: int) -> None:
    counts = Counts()
    async with asyncio.timeout(WITHIN), receiving() as receiver:
        receiver.statuses = statuses
        sender = traces(receiver.port, counts)
        sender.offer(finished(), None)
        await sender.close()
    assert (len(receiver.paths), counts) == (tries, {"failed": 2})


async def test_without_a_receiver_nothing_waits_and_what_has_no_room_is_dropped() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        counts = Counts()
        sender = traces(nobody.getsockname()[1], counts)
        for _ in range(ROOM + 10):
            sender.offer(finished(), None)
        assert counts == {"dropped": 20}
        async with asyncio.timeout(WITHIN):
            await sender.close()
    assert counts.total() == 2 * (ROOM + 10)
    assert counts["sent"] == 0


def test_headers_are_written_as_opentelemetry_has_them() -> None:
    text = "Authorization=Basic%20YTpi, x-project = one ,=,nothing"
    assert headers_of(text) == {"authorization": "Basic YTpi", "x-project": "one"}
