"""An appliance that is asked to stop while it answers."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from tests.cluster.appliance import Appliance, events, eventually, running

pytestmark = pytest.mark.slow

URL = "/v1/chat/completions"
WORDS = [f" w{number}" for number in range(80)]  # eight seconds
SCRIPT = {"words": WORDS, "token_delay": 0.1}
TIERS = {"small": {"engine": "scripted", "model": "echo", "script": SCRIPT}}
BODY = {"model": "echo", "messages": [{"role": "user", "content": "Hi"}]}


def whole(appliance: Appliance) -> str:
    with appliance.client() as client:
        answer = client.post(URL, json=BODY).raise_for_status().json()
    return str(answer["choices"][0]["message"]["content"])


def streamed(appliance: Appliance, begun: threading.Event) -> str:
    """Its `begun` is set in the midst of it."""
    said, ended = list[str](), False
    with (
        appliance.client() as client,
        client.stream("POST", URL, json={**BODY, "stream": True}) as response,
    ):
        for event in events(response.raise_for_status()):
            ended = event == "[DONE]"
            if isinstance(event, dict):
                said += [choice["delta"].get("content") or "" for choice in event["choices"]]
            if len(said) > 10:
                begun.set()
    assert ended
    return "".join(said)


def refusal(appliance: Appliance) -> httpx.Response | None:
    """What somebody new is told, if it is no."""
    try:
        response = httpx.get(f"{appliance.settings.url}/v1/models", headers=appliance.headers)
    except httpx.TransportError:
        return None
    return None if response.status_code == 200 else response


def test_running_answers_are_finished_new_ones_refused_and_it_exits_with_0(tmp_path: Path) -> None:
    begun, told = threading.Event(), list[httpx.Response]()

    def somebody_is_refused() -> bool:
        response = refusal(appliance)
        told.extend([response] if response else [])
        return bool(told)

    options = {"tiers": TIERS, "gateway": {"drain_seconds": 30}}
    with running(tmp_path, **options) as appliance, ThreadPoolExecutor(2) as pool:
        (engine,) = appliance.replicas("tier-small")
        asked = [pool.submit(whole, appliance), pool.submit(streamed, appliance, begun)]
        assert begun.wait(20)
        appliance.process.send_signal(signal.SIGTERM)
        assert eventually(somebody_is_refused, 6)
        assert not any(future.done() for future in asked)
        assert [future.result(30) for future in asked] == ["".join(WORDS)] * 2
        assert (told[0].status_code, told[0].json()["error"]["code"]) == (503, "no_healthy_backend")
        assert int(told[0].headers["retry-after"]) > 0
        assert appliance.process.wait(30) == 0
        assert psutil.wait_procs([engine], 10)[1] == []
