import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from index.caches.measured import Measured
from models.engine import Usage
from models.load import Device, Load
from serve.receipt import Attempt, Forecast, Receipt, Reference, Step
from serve.telemetry.families import MOST, Families
from serve.telemetry.metrics import Metrics

RATED = ("up", "down", "other")
SOURCE = Reference(1, "handbook", "file-1", "leave.md", (1,), None, None, 0.9)
LOAD = Load(3, 2, 8, 100, 1000, 50.0, 20.0, 10**9, 2 * 10**9, 0.0)
PROCESS = """
from pathlib import Path
import sys
from models.engine import Usage
from serve.telemetry.metrics import Metrics
from serve.receipt import Receipt

metrics = Metrics(Path(sys.argv[1]))
for _ in range(5):
    receipt = Receipt(path="/v1/models", usage=Usage(3, 4))
    receipt.close(200)
    metrics.observe(receipt)
print(metrics.render({}, {}).decode())
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
    told = lines(metrics.render({}, {}))
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
    assert lines(metrics.render({"small": LOAD}, {}))['hearth_engine_running{tier="small"}'] == 3
    assert not any("hearth_engine" in name for name in lines(metrics.render({}, {})))


def test_how_tiers_are_is_told_and_a_lost_gpu() -> None:
    loads = {"large": replace(LOAD, device=Device(lost=True))}
    told = lines(Metrics().render(loads, {"small": "asleep", "large": "unavailable"}))
    now = {name for name, value in told.items() if "hearth_tier_state" in name and value}
    assert now == {
        'hearth_tier_state{state="asleep",tier="small"}',
        'hearth_tier_state{state="unavailable",tier="large"}',
    }
    assert told['hearth_gpu_lost{tier="large"}'] == 1
    assert 'hearth_gpu_lost{tier="small"}' not in told


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
    told = lines(metrics.render({}, {}))
    assert told['hearth_queue_seconds_sum{model="echo",route="/v1/chat/completions"}'] == 0.5
    assert told['hearth_wait_error_seconds_sum{tier="small"}'] == 1.5
    assert told['hearth_output_forecast_ratio_sum{tier="small"}'] == 2.0
    assert told['hearth_brownout_total{step="no_rerank"}'] == 1


def test_how_often_answers_in_other_words_were_wrong_is_told_where_they_are_given() -> None:
    measured = Measured(asked=200, hits=50, checked=10, wrong=1)
    told = lines(Metrics().render({}, {}, measured))
    assert told["hearth_similar_checked"] == 10
    assert told["hearth_similar_wrong"] == 1
    assert told["hearth_similar_wrong_at_most"] == measured.wrong_at_most
    assert not any("hearth_similar" in name for name in lines(Metrics().render({}, {})))


def test_steps_are_timed_and_a_search_has_a_result() -> None:
    metrics = Metrics()
    for verdict, sources in (("ok", ()), ("ok", (SOURCE,)), ("StorageFailed", ())):
        receipt = Receipt(path="/v1/chat/completions", sources=sources)
        receipt.steps += [Step("route", "ok", 500.0), Step("retrieve", verdict, 20.0)]
        receipt.citations["supported"] += 2
        receipt.close(200)
        metrics.observe(receipt)
    told = lines(metrics.render({}, {}))
    assert told['hearth_step_seconds_sum{step="route"}'] == 1.5
    for result in ("found", "nothing", "failed"):
        assert told[f'hearth_retrievals_total{{result="{result}"}}'] == 1
    assert told['hearth_citations_total{verdict="supported"}'] == 6


@pytest.mark.parametrize(
    ("error", "waited", "verdict"),
    [
        (None, 0.0, "now"),
        (None, 0.2, "waited"),
        ("EngineInterrupted", 0.0, "now"),
        ("Overloaded", 0.0, "refused"),
        ("OutOfService", 0.0, "out_of_service"),
        ("QueueDeadline", 3.0, "late"),
    ],
)
def test_what_admission_said_is_counted(error: str | None, waited: float, verdict: str) -> None:
    metrics = Metrics()
    receipt = Receipt(path="/v1/chat/completions")
    receipt.attempts.append(Attempt("small", 1.0, error))
    receipt.waited(None, waited)
    receipt.close(200)
    metrics.observe(receipt)
    told = lines(metrics.render({}, {}))
    assert told[f'hearth_admission_total{{tier="small",verdict="{verdict}"}}'] == 1


def test_what_was_given_again_saves_tokens_and_time() -> None:
    metrics = Metrics()
    receipt = Receipt(model="echo", cache="hit", saved_ms=1500.0, usage=Usage(10, 5))
    receipt.close(200)
    metrics.observe(receipt)
    told = lines(metrics.render({}, {}))
    assert told['hearth_saved_seconds_total{model="echo"}'] == 1.5
    assert told['hearth_tokens_total{kind="saved",model="echo"}'] == 15


def test_cost_and_pace_of_an_answer_are_counted() -> None:
    metrics = Metrics()
    receipt = Receipt(model="echo", stream=True, usage=Usage(10, 11), cost=0.5, energy=0.25)
    receipt.ttft_ms, receipt.last_ms = 100.0, 600.0
    receipt.close(200)
    metrics.observe(receipt)
    told = lines(metrics.render({}, {}))
    assert told['hearth_cost_total{model="echo"}'] == 0.5
    assert told['hearth_energy_watt_hours_total{model="echo"}'] == 0.25
    assert told['hearth_inter_token_seconds_sum{model="echo",route=""}'] == pytest.approx(0.05)


def test_feedback_is_up_or_down_whatever_is_said() -> None:
    metrics = Metrics()
    for rating in ("up", "up", "down", "x" * 1000):
        metrics.count_feedback(rating)
    told = lines(metrics.render({}, {}))
    ratings = {name: told[f'hearth_feedback_total{{rating="{name}"}}'] for name in RATED}
    assert ratings == {"up": 2, "down": 1, "other": 1}


def test_a_million_names_of_one_label_are_no_more_than_a_hundred_series() -> None:
    family = Families(None).counter("names", "Of whoever.", "name", "kind")
    for number in range(1_000_000):
        family(f"name {number}", "one").inc()
    assert family("other", "one")._value.get() == 1_000_000 - MOST


def test_errors_that_nobody_knew_of_add_few_series() -> None:
    metrics = Metrics()
    for number in range(5 * MOST):
        receipt = Receipt(path="/v1/models")
        receipt.close(500, f"code {number}")
        metrics.observe(receipt)
    counted = [name for name in lines(metrics.render({}, {})) if "hearth_requests_total" in name]
    assert len(counted) == MOST + 1
