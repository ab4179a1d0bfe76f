"""Prometheus metrics, made from receipts in one place.

Label values come from fixed sets (routes, known models, tiers, error codes of the table): what a
client sends never becomes a label. With several gateway processes, prometheus_client keeps its
values in files under PROMETHEUS_MULTIPROC_DIR, which it reads from the environment when it is
imported; `Metrics` gets the same folder and adds the processes up.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from index.caches.measured import Measured
from models.load import Load
from serve.receipt import Receipt

NONE = "none"
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)

RATIOS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.1, 1.33, 2, 4, 10, 20)


class Metrics:
    """`folder`: None for a single process, else what PROMETHEUS_MULTIPROC_DIR says."""

    def __init__(self, folder: Path | None = None) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        if folder is not None:
            self._registry = CollectorRegistry()
            MultiProcessCollector(self._registry, path=str(folder))  # type: ignore[no-untyped-call]
        counter = partial(Counter, registry=registry)
        labels = ("route", "status", "model", "error")
        self._requests = counter("hearth_requests", "Finished requests.", labels)
        self._seconds = _seconds("hearth_request_seconds", "From arrival to the end.", registry)
        self._ttft = _seconds("hearth_first_token_seconds", "To the first token.", registry)
        self._tokens = counter("hearth_tokens", "Tokens by kind.", ("model", "kind"))
        self._attempts = counter("hearth_attempts", "Tries to generate.", ("tier", "error"))
        self._queue = _seconds("hearth_queue_seconds", "Waiting for a permit.", registry)
        self._wait_error = Histogram(
            "hearth_wait_error_seconds",
            "How far the expected wait for a permit was off.",
            ("tier",),
            registry=registry,
            buckets=SECONDS,
        )
        self._forecast = Histogram(
            "hearth_output_forecast_ratio",
            "Tokens of an answer over what admission expected.",
            ("tier",),
            registry=registry,
            buckets=RATIOS,
        )
        self._cache = counter("hearth_cache", "Requests by what the cache said.", ("verdict",))
        found = ("side", "kind", "action")
        self._filters = counter("hearth_filters", "What filters found and did.", found)
        self._brownout = counter(
            "hearth_brownout", "Requests under a step of the ladder.", ("step",)
        )

    def observe(self, receipt: Receipt) -> None:
        """Count one finished request. `receipt.model` is a known model or None."""
        model = receipt.model or NONE
        error = receipt.error or NONE
        self._requests.labels(receipt.path, str(receipt.status), model, error).inc()
        self._seconds.labels(receipt.path, model).observe((receipt.total_ms or 0.0) / 1000)
        if receipt.ttft_ms is not None:
            self._ttft.labels(receipt.path, model).observe(receipt.ttft_ms / 1000)
        for attempt in receipt.attempts:
            self._attempts.labels(attempt.tier, attempt.error or NONE).inc()
        self._observe_admission(receipt, model)
        for found, count in receipt.filters.items():
            self._filters.labels(*found).inc(count)
        if receipt.cache is not None:
            self._cache.labels(receipt.cache).inc()
        if receipt.usage is not None and receipt.given_again:
            self._tokens.labels(model, "saved").inc(receipt.usage.total_tokens)
        elif receipt.usage is not None:
            self._tokens.labels(model, "prompt").inc(receipt.usage.prompt_tokens)
            self._tokens.labels(model, "cached").inc(receipt.usage.cached_tokens)
            self._tokens.labels(model, "completion").inc(receipt.usage.completion_tokens)

    def _observe_admission(self, receipt: Receipt, model: str) -> None:
        if not receipt.attempts:
            return
        tier = receipt.tier or NONE
        self._queue.labels(receipt.path, model).observe(receipt.queue_ms / 1000)
        if receipt.expected_wait_ms is not None:
            off = abs(receipt.expected_wait_ms - receipt.queue_ms) / 1000
            self._wait_error.labels(tier).observe(off)
        for forecast in receipt.forecast:
            self._forecast.labels(tier).observe(forecast.came / max(1.0, forecast.expected))
        for step in receipt.brownout:
            self._brownout.labels(step).inc()

    def render(self, loads: Mapping[str, Load], alike: Measured | None = None) -> bytes:
        """All processes' counts, the engines' present `loads` (by tier), and how often answers in
        other words were wrong, as Prometheus text.
        """
        present = CollectorRegistry()
        present.register(_Loads(loads))
        if alike is not None:
            present.register(_Alike(alike))
        return generate_latest(self._registry) + generate_latest(present)


def _seconds(name: str, meaning: str, registry: CollectorRegistry) -> Histogram:
    return Histogram(name, meaning, ("route", "model"), registry=registry, buckets=SECONDS)


class _Loads(Collector):
    """Gauges that are asked for at every scrape, so that none is ever stale."""

    def __init__(self, loads: Mapping[str, Load]) -> None:
        self._loads = loads

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield self._gauge("running", "Sequences being generated.")
        yield self._gauge("waiting", "Requests that wait for the engine.")
        yield self._gauge("slots_total", "Sequences that may run at a time.")
        yield self._gauge("kv_tokens_used", "Tokens in the KV cache.")
        yield self._gauge("kv_tokens_total", "Tokens that fit into the KV cache.")
        yield self._gauge("prefill_rate", "Prompt tokens per second.")
        yield self._gauge("decode_rate", "Produced tokens per second.")
        yield self._gauge("memory_used", "Bytes of memory in use.")

    def _gauge(self, field: str, meaning: str) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(f"hearth_engine_{field}", meaning, labels=["tier"])
        for tier, load in self._loads.items():
            gauge.add_metric([tier], getattr(load, field))
        return gauge


class _Alike(Collector):
    """What a memory of answers says of those given in other words."""

    def __init__(self, measured: Measured) -> None:
        self._measured = measured

    def collect(self) -> Iterable[GaugeMetricFamily]:
        one = self._measured
        yield _alone("asked", "Questions looked for in other words.", one.asked)
        yield _alone("hits", "Of them, those that a kept answer was found for.", one.hits)
        yield _alone("checked", "Of these, those that were generated anyway.", one.checked)
        yield _alone("wrong", "Of these, those whose kept answer was another.", one.wrong)
        yield _alone("disliked", "Answers that got a thumb down.", one.disliked)
        share = "The most, as a share of those asked, that got a wrong answer (95 %)."
        yield _alone("wrong_at_most", share, one.wrong_at_most)


def _alone(field: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"hearth_similar_{field}", meaning, value=value)
