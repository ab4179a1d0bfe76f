"""Two engines in processes of their own: killed, crashed and frozen under traffic."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.cluster.appliance import WORDS, Appliance, events, eventually

pytestmark = pytest.mark.slow

COUNT = 20  # words of an answer: a second
TEXT = "".join(WORDS[:COUNT])
REPLACED = 30.0  # seconds from the freeze to the first answer of the new engine, its start included
URL = "/v1/chat/completions"
ENGINES = ("tier-small", "tier-large", "embedder")
STRONG = {"x-hearth-quality": "1"}  # auto prefers the large tier


def body(model: str, **more: Any) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [{"role": "user", "content": "?"}],
        "max_tokens": COUNT,
        **more,
    }


def engine(appliance: Appliance, tier: str) -> psutil.Process:
    (process,) = appliance.replicas(f"tier-{tier}")
    return process


def answers(appliance: Appliance, model: str) -> bool:
    with appliance.client() as client:
        return client.post(URL, json=body(model)).is_success


def under_way(appliance: Appliance, tier: str) -> bool:
    with appliance.client() as client:
        lines = client.get("/metrics").text.splitlines()
    name = f'hearth_engine_running{{tier="{tier}"}}'
    return any(float(line.split()[-1]) > 0 for line in lines if line.startswith(name))


@contextmanager
def traffic(appliance: Appliance) -> Iterator[list[httpx.Response]]:
    """Requests for either tier and for `auto`, one after another; all answers, once it is over."""
    stop, seen = threading.Event(), list[httpx.Response]()

    def keep_asking(model: str) -> None:
        with appliance.client() as client:
            while not stop.is_set():
                seen.append(client.post(URL, json=body(model), headers=STRONG))

    with ThreadPoolExecutor(6) as pool:
        askers = [pool.submit(keep_asking, model) for model in ("little", "big", "auto") * 2]
        try:
            yield seen
        finally:
            stop.set()
        for asker in askers:
            asker.result(timeout=60)


def test_killing_either_engine_in_traffic_loses_no_answer_that_is_not_streamed(
    appliance: Appliance,
) -> None:
    with traffic(appliance) as seen:
        for tier, model, how in (
            ("large", "big", signal.SIGKILL),
            ("small", "little", signal.SIGSEGV),
        ):
            assert eventually(lambda tier=tier: under_way(appliance, tier), 60)
            gateway = appliance.replicas("gateway")
            victim = engine(appliance, tier)
            victim.send_signal(how)
            psutil.wait_procs([victim], timeout=10)
            assert eventually(lambda model=model: answers(appliance, model), 15)
            assert appliance.replicas("gateway") == gateway
    assert [answer.text for answer in seen if answer.status_code != 200] == []
    texts = {answer.json()["choices"][0]["message"]["content"] for answer in seen}
    assert texts == {TEXT}
    assert {answer.json()["usage"]["completion_tokens"] for answer in seen} == {COUNT}
    assert any(answer.headers["x-hearth-attempts"] > "1" for answer in seen)


def test_an_engine_that_is_frozen_is_left_in_the_middle_of_an_answer_and_replaced(
    appliance: Appliance,
) -> None:
    assert eventually(lambda: answers(appliance, "big"), 60)
    victim = engine(appliance, "large")
    asked = body("auto", stream=True)
    with (
        appliance.client() as client,
        client.stream("POST", URL, json=asked, headers=STRONG) as response,
    ):
        stream = events(response)
        first = next(e for e in stream if isinstance(e, dict) and content(e))
        victim.send_signal(signal.SIGSTOP)
        frozen_at = time.monotonic()
        *rest, done = stream
    assert time.monotonic() - frozen_at < 15
    assert response.headers["x-hearth-tier"] == "large"
    assert content(first) + "".join(content(e) for e in rest if isinstance(e, dict)) == TEXT
    assert done == "[DONE]"
    assert eventually(lambda: not victim.is_running() and answers(appliance, "big"), REPLACED)
    assert time.monotonic() - frozen_at < REPLACED


def content(event: dict[str, Any]) -> str:
    return "".join(choice["delta"].get("content", "") for choice in event["choices"])


def test_out_of_memory_the_kernel_takes_an_engine_before_anything_else(
    appliance: Appliance,
) -> None:
    """Of which the first test here tells what follows."""
    names = (*ENGINES, "tier-broken")  # which lives on, to say why
    assert eventually(lambda: all(map(appliance.replicas, names)), REPLACED)
    family = [appliance.process, *appliance.process.children(recursive=True)]
    engines = [p for name in names for p in appliance.replicas(name)]
    first = [order for p in engines if (order := memory_order(p)) is not None]
    others = [order for p in family if p not in engines and (order := memory_order(p)) is not None]
    assert len(first) == len(names)
    assert len(others) > 8
    assert min(first) > max(others)


def memory_order(process: psutil.Process) -> int | None:
    """The higher, the sooner it is taken; None when it has ended."""
    try:
        return int(Path(f"/proc/{process.pid}/oom_score_adj").read_text())
    except OSError:
        return None
