import subprocess
import sys
from pathlib import Path

import pytest

from index.caches.measured import Measured
from models.engine import Usage
from models.load import Load
from serve.ledger.metrics import Metrics
from serve.receipt import Attempt, Forecast, Receipt

LOAD = Load(3, 2, 8, 100, 1000, 50.0, 20.0, 10**9, 2 * 10**9, 0.0)
PROCESS = """
from pathlib import Path
import sys
from models.engine import Usage
from serve.ledger.metrics import Metrics
from serve.receipt import Receipt

metrics = Metrics(Path(sys.argv[1]))
for _ in range(5):
    receipt = Receipt(path="/v1/models", usage=Usage(3, 4))
    receipt.close(200)
    metrics.observe(receipt)
print(metrics.render({}).decode())
"""


def finished(path: str = "/v1/chat/completions", error: str | None = None) -> Receipt:
    receipt = Receipt(path=path, model="echo", usage=Usage(10, 5, 4), ttft_ms=12.0)
    receipt.attempts += [Attempt("small", 1.0, "EngineInterrupted"), Attempt("small", 2.0)]
    receipt.close(200, error)
    return receipt


def lines(text: bytes) -> dict[str, float]:
    """Every sample by its name and labels."""
    samples = [line for line in text.decode().splitlines() if line and line[0] != "#"]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in samples)}


def test_a_receipt_is_counted_once_in_every_family() -> None:
    metrics = Metrics()
    metrics.observe(finished())
    metrics.observe(finished())
    told = lines(metrics.render({}))
    request = 'error="none",model="echo",route="/v1/chat/completions",status="200"'
    assert told[f"hearth_requests_total{{{request}}}"] == 2
    assert told['hearth_tokens_total{kind="prompt",model="echo"}'] == 20
    assert told['hearth_tokens_total{kind="cached",model="echo"}'] == 8
    assert told['hearth_tokens_total{kind="completion",model="echo"}'] == 10
    assert told['hearth_attempts_total{error="EngineInterrupted",tier="small"}'] == 2
    route = 'model="echo",route="/v1/chat/completions"'
    assert told[f"hearth_request_seconds_count{{{route}}}"] == 2
    assert told[f"hearth_first_token_seconds_sum{{{route}}}"] == pytest.approx(0.024)


def test_gauges_are_the_engines_present_load() -> None:
    metrics = Metrics()
    assert lines(metrics.render({"small": LOAD}))['hearth_engine_running{tier="small"}'] == 3
    assert not any("hearth_engine" in name for name in lines(metrics.render({})))


def test_several_processes_add_up(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROCESS, str(tmp_path)]
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    for times in (1, 2, 3):
        ran = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=True)
        told = lines(ran.stdout)
        request = 'error="none",model="none",route="/v1/models",status="200"'
        assert told[f"hearth_requests_total{{{request}}}"] == 5 * times
        assert told['hearth_tokens_total{kind="completion",model="none"}'] == 20 * times


def test_how_far_admissions_estimates_were_off_is_counted() -> None:
    metrics = Metrics()
    receipt = Receipt(path="/v1/chat/completions", model="echo", tier="small")
    receipt.attempts.append(Attempt("small", 1.0))
    receipt.waited(2.0, 0.5)
    receipt.forecast.append(Forecast(10.0, 20))
    receipt.brownout = ("no_rerank",)
    receipt.close(200)
    metrics.observe(receipt)
    told = lines(metrics.render({}))
    assert told['hearth_queue_seconds_sum{model="echo",route="/v1/chat/completions"}'] == 0.5
    assert told['hearth_wait_error_seconds_sum{tier="small"}'] == 1.5
    assert told['hearth_output_forecast_ratio_sum{tier="small"}'] == 2.0
    assert told['hearth_brownout_total{step="no_rerank"}'] == 1


def test_how_often_answers_in_other_words_were_wrong_is_told_where_they_are_given() -> None:
    measured = Measured(asked=200, hits=50, checked=10, wrong=1)
    told = lines(Metrics().render({}, measured))
    assert told["hearth_similar_checked"] == 10
    assert told["hearth_similar_wrong"] == 1
    assert told["hearth_similar_wrong_at_most"] == measured.wrong_at_most
    assert not any("hearth_similar" in name for name in lines(Metrics().render({})))
