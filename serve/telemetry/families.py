"""Metrics with labels whose series stay few and are found at once."""

from pathlib import Path
from typing import Final, Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector

MOST: Final = 100  # values of one label that are told apart
OTHER: Final = "other"
SECONDS: Final = (
    *(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
)
M = TypeVar("M", bound=MetricWrapperBase)


class Family(Generic[M]):
    """One metric. Label values come from fixed sets: routes, known models, tiers, codes. Should one
    ever not, its values after the first `MOST` of a process are counted as `OTHER`.
    """

    def __init__(self, metric: M, labels: int) -> None:
        self._metric = metric
        self._told = [set[str]() for _ in range(labels)]
        self._children: dict[tuple[str, ...], M] = {}

    def __call__(self, *values: str) -> M:
        """The series of these label values, in the order of the metric's labels."""
        child = self._children.get(values)
        return self._child(values) if child is None else child

    def _child(self, values: tuple[str, ...]) -> M:
        known = tuple(map(_among, self._told, values))
        child = self._metric.labels(*known)
        if known == values:
            self._children[values] = child
        return child


def _among(told: set[str], value: str) -> str:
    if value in told:
        return value
    if len(told) >= MOST:
        return OTHER
    told.add(value)
    return value


class Families:
    """Makes the metrics of a process. `folder` as for `serve.telemetry.metrics.Metrics`."""

    def __init__(self, folder: Path | None) -> None:
        self._registry = CollectorRegistry()
        self.rendered = self._registry
        if folder is not None:
            self.rendered = CollectorRegistry()
            MultiProcessCollector(self.rendered, path=str(folder))  # type: ignore[no-untyped-call]

    def counter(self, name: str, meaning: str, *labels: str) -> Family[Counter]:
        metric = Counter(f"hearth_{name}", meaning, labels, registry=self._registry)
        return Family(metric, len(labels))

    def histogram(
        self, name: str, meaning: str, *labels: str, buckets: tuple[float, ...] = SECONDS
    ) -> Family[Histogram]:
        metric = Histogram(
            f"hearth_{name}", meaning, labels, registry=self._registry, buckets=buckets
        )
        return Family(metric, len(labels))
