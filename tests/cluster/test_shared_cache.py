"""Three gateways and one cache process: one hit rate, one flush, one generation for all."""

import json
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psutil
import pytest

from tests.cluster.appliance import WORDS, Appliance, events, eventually

pytestmark = pytest.mark.slow

COUNT = 20  # words of an answer: a second
TEXT = "".join(WORDS[:COUNT])
LONG = 200  # words of an answer that a hundred find under way
URL = "/v1/chat/completions"
SOON = 30.0  # seconds; two busy cores
BACK = 90.0  # seconds until a killed process is replaced


@pytest.fixture(scope="module")
def shared(appliance: Appliance) -> Appliance:
    assert eventually(lambda: all_know(appliance, "Are you there?"), BACK)
    return appliance


def body(question: str, **more: Any) -> dict[str, Any]:
    said = {"model": "little", "temperature": 0, "max_tokens": COUNT}
    return {**said, "messages": [{"role": "user", "content": question}], **more}


def ask(appliance: Appliance, question: str, **more: Any) -> tuple[str, str]:
    """The text, and what the cache had to do with it; by a connection of its own."""
    with appliance.client() as client:
        if not more.get("stream"):
            answer = client.post(URL, json=body(question, **more)).raise_for_status()
            text = answer.json()["choices"][0]["message"]["content"]
            return text, answer.headers["x-hearth-cache"]
        with client.stream("POST", URL, json=body(question, **more)) as response:
            told = [event for event in events(response) if isinstance(event, dict)]
            texts = [event["choices"][0]["delta"].get("content") or "" for event in told]
            return "".join(texts), response.headers["x-hearth-cache"]


def known_again(appliance: Appliance, question: str) -> bool:
    return ask(appliance, question, max_tokens=1)[1] == "hit"


def all_know(appliance: Appliance, question: str) -> bool:
    return known_again(appliance, question) and len(gateways(appliance, "hit")) == 3


def metric(appliance: Appliance, name: str) -> float:
    with appliance.client() as client:
        lines = client.get("/metrics").raise_for_status().text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def generated(appliance: Appliance) -> float:
    return metric(appliance, "hearth_attempts_total")


def verdicts(appliance: Appliance) -> Counter[str]:
    names = ("hit", "miss", "joined", "similar")
    counts = {one: metric(appliance, f'hearth_cache_total{{verdict="{one}"}}') for one in names}
    return Counter({one: int(count) for one, count in counts.items()})


def counted(appliance: Appliance) -> Counter[str]:
    """What the cache process counted."""
    with appliance.client() as client:
        found = client.get("/admin/cache").raise_for_status().json()["requests"]
    return Counter(found)


def gateways(appliance: Appliance, verdict: str) -> Counter[str]:
    """How many requests with this verdict each has answered."""
    files = (appliance.settings.data / "logs").glob("receipts-*.jsonl")
    lines = [(file.name, line) for file in files for line in file.read_text().splitlines()]
    return Counter(name for name, line in lines if json.loads(line)["cache"] == verdict)


def test_three_gateways_have_one_hit_rate(shared: Appliance) -> None:
    eventually(lambda: counted(shared) == verdicts(shared), 2.0)  # gateways gather before they tell
    before, took, known = verdicts(shared), gateways(shared, "hit"), counted(shared)
    answers = [ask(shared, "One hit rate?") for _ in range(20)]
    assert {text for text, _ in answers} == {TEXT}
    assert [verdict for _, verdict in answers] == ["miss"] + ["hit"] * 19
    assert len(gateways(shared, "hit") - took) == 3
    assert verdicts(shared) - before == Counter(hit=19, miss=1)
    assert eventually(lambda: counted(shared) - known == Counter(hit=19, miss=1), SOON)


def test_one_flush_empties_the_cache_of_all(shared: Appliance) -> None:
    ask(shared, "One flush?", max_tokens=1)
    with shared.client() as client:
        entries = client.get("/admin/cache").json()["entries"]
        assert entries > 0
        flushed = client.delete("/admin/cache").raise_for_status().json()
        assert flushed["entries"] == entries
    after = [ask(shared, "One flush?", max_tokens=1)[1] for _ in range(12)]
    assert after == ["miss"] + ["hit"] * 11


@pytest.mark.parametrize("stream", [True, False])
def test_a_hundred_who_ask_three_gateways_at_once_are_answered_by_one_generation(
    shared: Appliance, stream: bool
) -> None:
    before, took, made = verdicts(shared), gateways(shared, "joined"), generated(shared)
    with ThreadPoolExecutor(100) as pool:
        more = {"stream": stream, "seed": int(stream), "max_tokens": LONG}
        asking = [pool.submit(ask, shared, "One flight?", **more) for _ in range(100)]
        answers = [one.result(timeout=120) for one in asking]
    assert {text for text, _ in answers} == {"".join(WORDS[:LONG])}
    assert generated(shared) - made == 1
    new = verdicts(shared) - before
    assert (new["miss"], new.total()) == (1, 100)
    assert new["joined"] >= 50
    assert len(gateways(shared, "joined") - took) == 3


def test_killing_the_cache_in_traffic_costs_no_answer_and_it_works_again_after(
    shared: Appliance,
) -> None:
    stop, seen = threading.Event(), list[httpx.Response]()

    def keep_asking(asker: int) -> None:
        with shared.client() as client:
            for number in range(10_000):
                if stop.is_set():
                    return
                question = f"Killed? {number // 4}" if asker % 2 else "Killed?"
                stream = asker % 4 < 2
                seen.append(client.post(URL, json=body(question, stream=stream)))

    with ThreadPoolExecutor(8) as pool:
        askers = [pool.submit(keep_asking, asker) for asker in range(8)]
        try:
            assert eventually(lambda: len(seen) > 50, SOON)
            (process,) = shared.replicas("cache")
            process.send_signal(signal.SIGKILL)
            psutil.wait_procs([process], timeout=10)
            assert eventually(lambda: known_again(shared, "Is it back?"), BACK)
        finally:
            stop.set()
        for asker in askers:
            asker.result(timeout=60)
    assert [answer.text for answer in seen if answer.status_code != 200] == []
    assert [answer.text for answer in seen if '"error"' in answer.text] == []
    after = [ask(shared, "Back for all?", max_tokens=1)[1] for _ in range(6)]
    assert after == ["miss"] + ["hit"] * 5
