"""Metrics and traces of several gateways, one of which is killed."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil
import pytest

from tests.cluster.appliance import Appliance, eventually, running
from tests.serve.otlp_receiver import Receiver, attributes, receiving

pytestmark = pytest.mark.slow

URL = "/v1/chat/completions"
REQUESTS = 30
BACK = 90.0  # seconds until all gateways are there, or there again
SAID = "canary-in-a-prompt"


@contextmanager
def recording() -> Iterator[Receiver]:
    """A receiver in a thread of its own, as the tests of a cluster wait without a loop."""
    loop, ended = asyncio.new_event_loop(), asyncio.Event()
    ready, made = threading.Event(), list[Receiver]()

    async def record() -> None:
        async with receiving() as receiver:
            made.append(receiver)
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(record(),))
    thread.start()
    assert ready.wait(30)
    try:
        yield made[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(30)
        loop.close()


def chats(appliance: Appliance, count: int) -> list[str]:
    """Each by a connection of its own, so that all gateways have their part; the requests' ids."""
    body = {"model": "echo", "messages": [{"role": "user", "content": SAID}]}
    ids = list[str]()
    for _ in range(3 * count):
        with appliance.client() as client:
            answer = client.post(URL, json=body)
        if answer.status_code == 200:
            ids.append(answer.headers["x-request-id"])
        else:  # the proxy's, for a gateway that was killed just before
            assert "x-request-id" not in answer.headers, answer.text
        if len(ids) == count:
            break
    return ids


def counted(appliance: Appliance) -> int:
    with appliance.client() as client:
        lines = client.get("/metrics").raise_for_status().text.splitlines()
    name = f'hearth_requests_total{{error="none",model="echo",route="{URL}",status="200"}}'
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith(name))


def logged(appliance: Appliance) -> str:
    files = (appliance.settings.data / "logs").iterdir()
    return "".join(file.read_text() for file in files)


def test_counts_and_traces_are_those_of_all_gateways_and_outlive_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with ExitStack() as stack:
        receiver = stack.enter_context(recording())
        tracing = {"endpoint": f"http://127.0.0.1:{receiver.port}"}
        options = {"gateway": {"replicas": 2, "drain_seconds": 2}, "tracing": tracing}
        appliance = stack.enter_context(running(tmp_path_factory.mktemp("home"), **options))
        assert eventually(lambda: len(appliance.replicas("gateway")) == 2, BACK)
        ids = chats(appliance, REQUESTS)
        assert {counted(appliance) for _ in range(8)} == {REQUESTS}
        assert eventually(lambda: traced(receiver) >= set(ids), BACK)
        killed: psutil.Process = appliance.replicas("gateway")[0]
        killed.kill()
        assert eventually(lambda: not killed.is_running(), BACK)
        assert eventually(lambda: len(appliance.replicas("gateway")) == 2, BACK)
        ids += chats(appliance, REQUESTS)
        assert eventually(lambda: counted(appliance) == 2 * REQUESTS, BACK)
        assert ids[0] in logged(appliance)
        assert SAID not in logged(appliance)
    # What waited to be sent when the gateways ended was sent.
    assert traced(receiver) >= set(ids)
    assert SAID.encode() not in b"".join(receiver.bodies)


def traced(receiver: Receiver) -> set[str]:
    spans = [span for span in list(receiver.spans) if span.name == "chat echo"]
    return {attributes(span)["hearth.request_id"] for span in spans}
