import json
import socket

import pytest

from serve.supervisor import probe
from tests.serve.conftest import Answers


def test_ready_needs_the_engine_and_the_page(served: tuple[str, Answers]) -> None:
    url, answers = served
    answers[probe.READY] = (200, b"{}")
    assert probe.is_ready(url, page=False)
    assert not probe.is_ready(url, page=True)
    answers[probe.PAGE] = (200, b"<html>")
    assert probe.is_ready(url, page=True)
    answers[probe.READY] = (503, b"{}")
    assert not probe.is_ready(url, page=True)


def test_the_states_of_the_tiers_are_read(served: tuple[str, Answers]) -> None:
    url, answers = served
    tiers = {
        "small": {"state": "ready", "reason": None},
        "large": {"state": "unavailable", "reason": "The GPU was lost."},
    }
    body = {"ready": False, "tiers": tiers}
    answers[probe.READY] = (503, json.dumps(body).encode())
    assert probe.tier_states(url) == {
        "small": ("ready", ""),
        "large": ("unavailable", "The GPU was lost."),
    }


def test_it_is_hopeless_once_all_models_have_failed(served: tuple[str, Answers]) -> None:
    url, answers = served
    assert probe.hopeless(url) is None

    def told(**states: str) -> str | None:
        tiers = {name: {"state": state, "reason": "Why."} for name, state in states.items()}
        answers[probe.READY] = (503, json.dumps({"ready": False, "tiers": tiers}).encode())
        return probe.hopeless(url)

    assert told(small="failed", large="loading") is None
    assert told(small="failed", large="unavailable") is None
    assert told(small="failed", large="failed") == "small: Why.; large: Why."


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"tiers": null}', b'{"tiers": {"a": 1}}']
)
def test_an_answer_of_another_shape_tells_nothing(served: tuple[str, Answers], body: bytes) -> None:
    url, answers = served
    answers[probe.READY] = (200, body)
    assert probe.tier_states(url) == {}


def test_nothing_that_listens_is_status_0() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert probe.get(f"http://127.0.0.1:{port}", probe.LIVE, timeout=1)[0] == 0


def test_a_listener_that_never_answers_is_status_0() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert probe.get(url, probe.LIVE, timeout=0.1)[0] == 0
