"""Gauges that are asked for at every scrape, so that none is ever stale."""

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Final

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from index.caches.measured import Measured
from models.load import Load
from serve.policy.quality import Trend

Loads = Mapping[str, Load]  # by tier
STATES: Final = ("ready", "loading", "asleep", "failed", "unavailable")

ENGINE: Final[Mapping[str, str]] = {
    "running": "Sequences being generated.",
    "waiting": "Requests that wait for the engine.",
    "slots_total": "Sequences that may run at a time.",
    "kv_tokens_used": "Tokens in the KV cache.",
    "kv_tokens_total": "Tokens that fit into the KV cache.",
    "prefill_rate": "Prompt tokens per second.",
    "decode_rate": "Produced tokens per second.",
    "memory_used": "Bytes of memory in use.",
    "memory_total": "Bytes of memory that there are.",
}
GPU: Final[Mapping[str, str]] = {
    "lost": "1: a GPU of the engine does not answer.",
    "throttled": "1: a GPU of the engine is slower than it could be.",
    "tight": "1: others leave a GPU of the engine too little memory.",
}


class States(Collector):
    """Of the tiers, by name: 1 for the one that each is in."""

    def __init__(self, states: Mapping[str, str]) -> None:
        self._states = states

    def collect(self) -> Iterable[GaugeMetricFamily]:
        labels = ["tier", "state"]
        gauge = GaugeMetricFamily("hearth_tier_state", "1: the tier is so.", labels=labels)
        for tier, now in self._states.items():
            for state in STATES:
                gauge.add_metric([tier, state], state == now)
        yield gauge


class Engines(Collector):
    """Those that tell how busy they are."""

    def __init__(self, loads: Loads) -> None:
        self._loads = loads

    def collect(self) -> Iterable[GaugeMetricFamily]:
        for field, meaning in ENGINE.items():
            yield self._gauge(f"engine_{field}", meaning, attrgetter(field))
        for field, meaning in GPU.items():
            yield self._gauge(f"gpu_{field}", meaning, attrgetter(f"device.{field}"))

    def _gauge(self, name: str, meaning: str, of: Callable[[Load], float]) -> GaugeMetricFamily:
        gauge = GaugeMetricFamily(f"hearth_{name}", meaning, labels=["tier"])
        for tier, load in self._loads.items():
            gauge.add_metric([tier], of(load))
        return gauge


class Alike(Collector):
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


class Golden(Collector):
    """How the golden questions were answered last, by set."""

    def __init__(self, trends: Mapping[str, Trend]) -> None:
        self._trends = trends

    def collect(self) -> Iterable[GaugeMetricFamily]:
        meaning = "Share of the golden questions that passed when they were last asked."
        passed = GaugeMetricFamily("hearth_quality_passed", meaning, labels=["set"])
        meaning = "1: that is significantly fewer than before."
        worse = GaugeMetricFamily("hearth_quality_worse", meaning, labels=["set"])
        for name, trend in self._trends.items():
            worse.add_metric([name], trend.dropped)
            if trend.share is not None:
                passed.add_metric([name], trend.share)
        yield from (passed, worse)


def _alone(field: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"hearth_similar_{field}", meaning, value=value)
