"""Prometheus metrics, made from receipts in one place.

Label values come from fixed sets (routes, steps, known models, tiers, error codes of the table):
what a client sends never becomes a label, nor does who sent it. With several gateway processes,
prometheus_client keeps its values in files under PROMETHEUS_MULTIPROC_DIR, which it reads from the
environment when it is imported; `Metrics` gets the same folder and adds the processes up, those
that have ended included.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest

from index.caches.measured import Measured
from models.engine import Usage
from serve.policy.quality import Trend
from serve.receipt import Receipt
from serve.telemetry.families import Families
from serve.telemetry.gauges import Alike, Engines, Golden, Loads, States

NONE: Final = "none"
RATIOS: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.1, 1.33, 2, 4, 10, 20)
PACES: Final = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
# What admission said, by the error that ended an attempt.
REFUSED: Final = {
    "Overloaded": "refused",
    "EngineBusy": "refused",
    "OutOfService": "out_of_service",
    "QueueDeadline": "late",
}
AT_ONCE: Final = 1.0  # milliseconds up to which a permit came now
RATINGS: Final = frozenset({"up", "down"})


class Metrics:
    """`folder`: None for a single process, else what PROMETHEUS_MULTIPROC_DIR says."""

    def __init__(self, folder: Path | None = None) -> None:
        make = Families(folder)
        self._registry = make.rendered
        where = ("route", "model")
        counter, histogram = make.counter, make.histogram
        self._requests = counter(
            "requests", "Finished requests.", "route", "status", "model", "error"
        )
        self._seconds = histogram("request_seconds", "From arrival to the end.", *where)
        self._ttft = histogram("first_token_seconds", "To the first token.", *where)
        pace = "Mean time between tokens of a streamed answer, after its first."
        self._pace = histogram("inter_token_seconds", pace, *where, buckets=PACES)
        self._steps = histogram("step_seconds", "Time in a step of a request.", "step")
        self._tokens = counter("tokens", "Tokens by kind.", "model", "kind")
        self._cost = counter("cost", "Money that tokens cost, as tiers are priced.", "model")
        self._energy = counter("energy_watt_hours", "Energy that tokens cost.", "model")
        self._attempts = counter("attempts", "Tries to generate.", "tier", "error")
        self._queue = histogram("queue_seconds", "Waiting for a permit.", *where)
        self._admission = counter("admission", "What admission said.", "tier", "verdict")
        wait = "How far the expected wait for a permit was off."
        self._wait_error = histogram("wait_error_seconds", wait, "tier")
        forecast = "Tokens of an answer over what admission expected."
        self._forecast = histogram("output_forecast_ratio", forecast, "tier", buckets=RATIOS)
        self._brownout = counter("brownout", "Requests under a step of the ladder.", "step")
        self._cache = counter("cache", "Requests by what the cache said.", "verdict")
        self._saved = counter("saved_seconds", "What it took to make answers given again.", "model")
        self._retrievals = counter("retrievals", "Searches of documents.", "result")
        self._citations = counter("citations", "Cited sentences by verdict.", "verdict")
        found = ("side", "kind", "action")
        self._filters = counter("filters", "What filters found and did.", *found)
        self._feedback = counter("feedback", "Answers that people rated.", "rating")
        self._spans = counter("spans", "Spans of traces by what became of them.", "outcome")

    def observe(self, receipt: Receipt) -> None:
        """Count one finished request. `receipt.model` is a known model or None."""
        model, route = receipt.model or NONE, receipt.path
        self._requests(route, str(receipt.status), model, receipt.error or NONE).inc()
        self._seconds(route, model).observe((receipt.total_ms or 0.0) / 1000)
        if receipt.ttft_ms is not None:
            self._ttft(route, model).observe(receipt.ttft_ms / 1000)
        for step in receipt.steps:
            self._steps(step.name).observe(step.ms / 1000)
            if step.name == "retrieve":
                self._retrievals(_result(receipt, step.verdict)).inc()
        if receipt.attempts:
            self._observe_attempts(receipt, model)
        for found, count in receipt.filters.items():
            self._filters(*found).inc(count)
        for verdict, count in receipt.citations.items():
            self._citations(verdict).inc(count)
        if receipt.cache is not None:
            self._cache(receipt.cache).inc()
        self._observe_usage(receipt, model)

    def _observe_usage(self, receipt: Receipt, model: str) -> None:
        usage = receipt.usage
        if usage is None:
            return
        if receipt.given_again:
            self._tokens(model, "saved").inc(usage.total_tokens)
            self._saved(model).inc(receipt.saved_ms / 1000)
            return
        self._tokens(model, "prompt").inc(usage.prompt_tokens)
        self._tokens(model, "cached").inc(usage.cached_tokens)
        self._tokens(model, "completion").inc(usage.completion_tokens)
        if receipt.cost:
            self._cost(model).inc(receipt.cost)
        if receipt.energy:
            self._energy(model).inc(receipt.energy)
        if receipt.stream and (pace := _pace(receipt, usage)) is not None:
            self._pace(receipt.path, model).observe(pace)

    def _observe_attempts(self, receipt: Receipt, model: str) -> None:
        tier = receipt.tier or NONE
        for attempt in receipt.attempts:
            error = attempt.error or NONE
            self._attempts(attempt.tier, error).inc()
            waited = "now" if receipt.queue_ms < AT_ONCE else "waited"
            self._admission(attempt.tier, REFUSED.get(error, waited)).inc()
        self._queue(receipt.path, model).observe(receipt.queue_ms / 1000)
        if receipt.expected_wait_ms is not None:
            off = abs(receipt.expected_wait_ms - receipt.queue_ms) / 1000
            self._wait_error(tier).observe(off)
        for forecast in receipt.forecast:
            self._forecast(tier).observe(forecast.came / max(1.0, forecast.expected))
        for step in receipt.brownout:
            self._brownout(step).inc()

    def count_feedback(self, rating: str) -> None:
        """`rating`: up or down; anything else is counted as other."""
        self._feedback(rating if rating in RATINGS else "other").inc()

    def count_spans(self, outcome: str, count: int) -> None:
        """`outcome`: sent; dropped, for lack of room; or failed, when nobody took them."""
        self._spans(outcome).inc(count)

    def render(
        self,
        loads: Loads,
        states: Mapping[str, str],
        alike: Measured | None = None,
        golden: Mapping[str, Trend] | None = None,
    ) -> bytes:
        """All processes' counts, the engines' present `loads` and the tiers' `states` (by tier),
        how often answers in other words were wrong, and how `golden` questions were answered (by
        set), as Prometheus text.
        """
        present = CollectorRegistry()
        present.register(States(states))
        present.register(Engines(loads))
        if alike is not None:
            present.register(Alike(alike))
        if golden:
            present.register(Golden(golden))
        return generate_latest(self._registry) + generate_latest(present)


def _result(receipt: Receipt, verdict: str) -> str:
    """Of a search: found, nothing, or failed; as_best_it_could, where something was missing."""
    if verdict != "ok":
        return "failed"
    if receipt.notes:
        return "as_best_it_could"
    return "found" if receipt.sources else "nothing"


def _pace(receipt: Receipt, usage: Usage) -> float | None:
    """Mean seconds from token to token; None where there is no second one to measure by."""
    more = usage.completion_tokens / max(1, len(receipt.forecast)) - 1
    if more <= 0 or receipt.ttft_ms is None or receipt.last_ms is None:
        return None
    return (receipt.last_ms - receipt.ttft_ms) / 1000 / more
