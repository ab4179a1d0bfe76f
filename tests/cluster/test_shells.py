"""What only a real cluster can show: wiring, errors and cancelling across processes, deaths."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psutil
import pytest

from serve.ledger.keys import Keys
from tests.cluster.appliance import WORDS, Appliance, events, eventually

pytestmark = pytest.mark.slow

SOON = 15.0  # seconds
FIRST = "".join(WORDS[:3])


def chat(model: str = "little", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "?"}], **more}


def ask(appliance: Appliance, **body: Any) -> httpx.Response:
    with appliance.client() as client:
        return client.post("/v1/chat/completions", json=chat(**body))


def test_an_answer_comes_through_all_processes(appliance: Appliance) -> None:
    answer = ask(appliance, max_tokens=3)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == FIRST
    assert answer.headers["x-hearth-tier"] == "small"
    assert len(answer.headers.get_list("x-request-id")) == 1


def test_a_stream_comes_through_all_processes(appliance: Appliance) -> None:
    body = chat(stream=True, max_tokens=3)
    with (
        appliance.client() as client,
        client.stream("POST", "/v1/chat/completions", json=body) as response,
    ):
        seen = list(events(response))
    assert seen[-1] == "[DONE]"
    texts = [e["choices"][0]["delta"].get("content", "") for e in seen if isinstance(e, dict)]
    assert "".join(texts) == FIRST


def test_an_engines_refusal_keeps_its_words_across_processes(appliance: Appliance) -> None:
    refused = ask(appliance, messages=[{"role": "user", "content": "word " * 9000}])
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["code"], error["param"]) == ("context_length_exceeded", "messages")
    assert "8192" in error["message"]
    assert "Traceback" not in refused.text


def test_pages_that_are_off_are_not_there(appliance: Appliance) -> None:
    with appliance.client() as client:
        for page in ("", "documents", "playground", "console", "config"):
            assert client.get(f"/ui/{page}").status_code == 404


def test_embeddings_come_from_their_own_process(appliance: Appliance) -> None:
    body = {"model": appliance.settings.embedder.model, "input": ["a", "b"]}
    with appliance.client() as client:
        # It starts after everything else; until then it is a 503.
        assert eventually(lambda: client.post("/v1/embeddings", json=body).is_success, 60)
        answer = client.post("/v1/embeddings", json=body)
    assert [d["index"] for d in answer.json()["data"]] == [0, 1]


def test_a_tier_that_cannot_load_takes_nothing_else_with_it(appliance: Appliance) -> None:
    with appliance.client() as client:
        models = {each["id"]: each for each in client.get("/v1/models").json()["data"]}
        ready = client.get("/health/ready").json()
        refused = client.post("/v1/chat/completions", json=chat("broken"))
    assert models["little"]["state"] == "ready"
    why = "The model file nonexistent.gguf is not there."
    assert (models["broken"]["state"], models["broken"]["reason"]) == ("failed", why)
    assert (ready["degraded"], ready["tiers"]["broken"]["reason"]) == (True, why)
    assert (refused.status_code, refused.json()["error"]["message"]) == (503, why)


def test_a_client_that_goes_away_frees_the_engine_within_a_second(appliance: Appliance) -> None:
    body = chat("big", stream=True)
    with (
        appliance.client() as client,
        client.stream("POST", "/v1/chat/completions", json=body) as response,
    ):
        stream = events(response)
        next(stream)
        assert eventually(lambda: running_now(appliance) == 1, SOON)
    assert eventually(lambda: running_now(appliance) == 0, 1.0)


def test_a_client_that_goes_away_before_its_json_frees_the_engine(appliance: Appliance) -> None:
    with appliance.client() as client, pytest.raises(httpx.ReadTimeout):
        client.post("/v1/chat/completions", json=chat("big"), timeout=0.5)
    assert eventually(lambda: running_now(appliance) == 0, 1.5)


def running_now(appliance: Appliance, tier: str = "large") -> int:
    return int(metric(appliance, f'hearth_engine_running{{tier="{tier}"}}'))


def metric(appliance: Appliance, name: str) -> float:
    with appliance.client() as client:
        lines = client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def test_three_gateways_count_together(appliance: Appliance) -> None:
    name = 'hearth_tokens_total{kind="completion",model="little"}'
    before = metric(appliance, name)
    for _ in range(12):
        ask(appliance, max_tokens=3)  # a connection each, so that every gateway gets some
    assert metric(appliance, name) - before == 36


def test_a_revoked_key_is_refused_by_every_gateway_at_once(appliance: Appliance) -> None:
    keys = Keys(appliance.settings.database)
    key, text = keys.create("short-lived")
    headers = {"authorization": f"Bearer {text}"}

    def statuses() -> set[int]:
        url = f"{appliance.settings.url}/v1/models"
        return {httpx.get(url, headers=headers, timeout=10).status_code for _ in range(12)}

    assert statuses() == {200}
    keys.revoke(key.id)
    assert statuses() <= {401, 429}  # bad keys may have been too many from here


def test_killing_a_gateway_loses_no_answer_that_is_not_streamed(appliance: Appliance) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(ask, appliance, model="big", max_tokens=80) for _ in range(6)]
        assert eventually(lambda: running_now(appliance) == 6, SOON)
        gateway, *_ = appliance.replicas("gateway")
        gateway.kill()
        assert {answer.result(timeout=60).status_code for answer in answers} == {200}
    assert eventually(lambda: len(appliance.replicas("gateway")) == 3, 90)


def test_every_listener_is_on_loopback(appliance: Appliance) -> None:
    family = [appliance.process, *appliance.process.children(recursive=True)]
    listening = {ip for process in family for ip in listens_on(process)}
    assert {"127.0.0.1"} <= listening <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def listens_on(process: psutil.Process) -> list[str]:
    """Its addresses; none when it has ended meanwhile, as those that start others do."""
    try:
        found = process.net_connections("tcp")
    except psutil.NoSuchProcess:
        return []
    return [one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN]


def test_a_stream_cut_in_the_middle_ends_with_an_error_event(appliance: Appliance) -> None:
    (engine,) = appliance.replicas("tier-large")
    with (
        appliance.client() as client,
        client.stream("POST", "/v1/chat/completions", json=chat("big", stream=True)) as response,
    ):
        stream = events(response)
        next(e for e in stream if isinstance(e, dict) and e["choices"][0]["delta"].get("content"))
        engine.kill()
        *_, error, done = stream
    assert done == "[DONE]"
    assert isinstance(error, dict)
    assert error["error"]["code"] == "engine_interrupted"
