"""Who of the waiting goes next: fair between keys by token cost, short jobs first inside one.

Start-time fair queueing (P. Goyal et al., 1996): a key's next job starts in virtual time when its
last one ended, or now if that is later; the smallest start goes first. Between two keys that
always wait, the cost served differs by at most one job of each (per weight). Inside a key the
order is cost minus what waiting takes off it, which needs no re-sorting: all age alike.
"""

import heapq
import math
from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

PRIORITY_WEIGHT: Final = 4.0  # one level of priority counts as four times the share


@dataclass(frozen=True, slots=True, order=True)
class Job:
    """`rank` orders the jobs of one key. `cost` in tokens."""

    rank: float
    number: int
    key: str = field(compare=False)
    cost: float = field(compare=False)
    weight: float = field(compare=False, default=1.0)


@dataclass(slots=True)
class _Line:
    """The jobs of one key, in order. `tag`: where its next job starts in virtual time."""

    tag: float = 0.0
    jobs: list[Job] = field(default_factory=list)
    cost: float = 0.0
    queued: bool = False


class _Costs:
    """What waits under each key, by powers of two: sums over a thousand keys in some 30 steps."""

    def __init__(self) -> None:
        self._buckets: dict[int, dict[str, float]] = {}
        self._sums: dict[int, float] = {}

    def set(self, key: str, old: float, new: float) -> None:
        if old > 0:
            place = math.frexp(old)[1]
            bucket = self._buckets[place]
            del bucket[key]
            self._sums[place] -= old
            if not bucket:
                del self._buckets[place], self._sums[place]
        if new > 0:
            place = math.frexp(new)[1]
            self._buckets.setdefault(place, {})[key] = new
            self._sums[place] = self._sums.get(place, 0.0) + new

    def capped(self, cap: float) -> float:
        """The sum of `min(cost, cap)`, or a little more: n * min(mean, cap) inside a bucket."""
        buckets = self._buckets
        return sum(min(total, cap * len(buckets[place])) for place, total in self._sums.items())

    def greatest(self) -> str | None:
        if not self._buckets:
            return None
        top = self._buckets[max(self._buckets)]
        return max(top, key=top.__getitem__)


class FairQueue:
    """`ageing` in tokens per second."""

    def __init__(self, ageing: float = 0.0) -> None:
        self._ageing = ageing
        self._lines: dict[str, _Line] = {}
        self._costs = _Costs()
        self._order: list[tuple[float, int, str]] = []  # start tag, tie-breaker, key
        self._virtual = 0.0
        self._ties = 0
        self._length = 0
        self.cost = 0.0

    def __len__(self) -> int:
        return self._length

    def job(self, number: int, key: str, cost: float, now: float, priority: int = 0) -> Job:
        """A job for `push`; one of a higher priority goes first in its key, and counts less."""
        rank = cost + self._ageing * now - priority * 1e9
        return Job(rank, number, key, cost, PRIORITY_WEIGHT**priority)

    def push(self, job: Job) -> None:
        line = self._lines.setdefault(job.key, _Line())
        if not line.jobs:
            line.tag = max(line.tag, self._virtual)
        insort(line.jobs, job)
        self._count(line, job, 1)
        self._enqueue(job.key, line)

    def peek(self) -> Job | None:
        """Who goes next."""
        while self._order:
            tag, _, key = self._order[0]
            line = self._lines[key]
            if line.jobs and tag == line.tag:
                return line.jobs[0]
            heapq.heappop(self._order)
            line.queued = False
            self._enqueue(key, line)
        return None

    def pop(self) -> Job:
        """Take who goes next; there must be one."""
        job = self.peek()
        assert job is not None
        heapq.heappop(self._order)
        line = self._lines[job.key]
        line.queued = False
        self._virtual = line.tag
        line.tag += job.cost / job.weight
        del line.jobs[0]
        self._count(line, job, -1)
        self._enqueue(job.key, line)
        self._forget_idle()
        return job

    def remove(self, job: Job) -> bool:
        """Take out a job that waits. False if it does not."""
        line = self._lines.get(job.key)
        if line is None or job not in line.jobs:
            return False
        line.jobs.remove(job)
        self._count(line, job, -1)
        return True

    def ahead(self, key: str, cost: float) -> float:
        """The cost that is served before a new job of `key` begins, at most; in tokens."""
        own = self.waiting(key)
        return self._costs.capped(own + cost)  # its own line, too, is less than the cap

    def in_order(self) -> Iterator[Job]:
        """Who waits, as `pop` gives them when nobody else comes."""
        order, ties = list(self._order), self._ties
        tags = {key: self._lines[key].tag for *_, key in order}
        jobs = {key: iter(self._lines[key].jobs) for key in tags}
        while order:
            tag, _, key = order[0]
            job = next(jobs[key], None) if tag == tags[key] else None
            if job is not None:
                tags[key] += job.cost / job.weight
                yield job
            elif tag == tags[key]:
                heapq.heappop(order)
                continue
            ties += 1
            heapq.heapreplace(order, (tags[key], ties, key))

    def greediest(self) -> Job | None:
        """The last job of the key that has most waiting: who must go when there is no room."""
        key = self._costs.greatest()
        return self._lines[key].jobs[-1] if key is not None else None

    def waiting(self, key: str) -> float:
        """Cost that waits under `key`."""
        line = self._lines.get(key)
        return line.cost if line else 0.0

    def __iter__(self) -> Iterator[Job]:
        return (job for line in self._lines.values() for job in line.jobs)

    def _enqueue(self, key: str, line: _Line) -> None:
        if line.jobs and not line.queued:
            self._ties += 1
            heapq.heappush(self._order, (line.tag, self._ties, key))
            line.queued = True

    def _count(self, line: _Line, job: Job, sign: int) -> None:
        self._length += sign
        before, line.cost = line.cost, line.cost + sign * job.cost if line.jobs else 0.0
        self._costs.set(job.key, before, line.cost)
        self.cost = self.cost + sign * job.cost if self._length else 0.0

    def _forget_idle(self) -> None:
        """A key whose virtual time has passed starts afresh like one that was never seen."""
        if len(self._lines) > 2 * len(self._order) + 64:
            self._lines = {
                key: line
                for key, line in self._lines.items()
                if line.jobs or line.tag > self._virtual or line.queued
            }
