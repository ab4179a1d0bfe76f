"""Who goes next, and that nobody is forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from serve.policy.fairness import FairQueue, Job

COSTS = st.floats(1, 1000) | st.sampled_from([1.0, 2.0])  # who costs the same ties
ASKED = st.lists(st.tuples(st.sampled_from("abcd"), COSTS), min_size=1, max_size=60)


def put(queue: FairQueue, number: int, key: str, cost: float, now: float = 0.0) -> Job:
    job = queue.job(number, key, cost, now)
    queue.push(job)
    return job


def emptied(queue: FairQueue) -> list[Job]:
    return [queue.pop() for _ in range(len(queue))]


@given(ASKED)
def test_what_goes_in_comes_out_once(asked: list[tuple[str, float]]) -> None:
    queue = FairQueue()
    for number, (key, cost) in enumerate(asked):
        put(queue, number, key, cost)
    assert sorted(job.number for job in emptied(queue)) == list(range(len(asked)))
    assert len(queue) == 0
    assert queue.cost == 0
    assert queue.peek() is None


@given(ASKED, st.data())
def test_who_left_is_not_served_and_costs_nothing(
    asked: list[tuple[str, float]], data: st.DataObject
) -> None:
    queue = FairQueue()
    jobs = [put(queue, n, key, cost) for n, (key, cost) in enumerate(asked)]
    gone = data.draw(st.sets(st.sampled_from(jobs)))
    for job in gone:
        assert queue.remove(job)
        assert not queue.remove(job)
    assert abs(queue.cost - sum(job.cost for job in jobs if job not in gone)) < 1e-6
    assert set(emptied(queue)) == set(jobs) - gone


@given(ASKED, ASKED, st.integers(0, 30), st.data())
def test_the_order_that_is_told_is_the_order_in_which_they_go(
    first: list[tuple[str, float]],
    then: list[tuple[str, float]],
    served: int,
    data: st.DataObject,
) -> None:
    queue = FairQueue()
    jobs = [put(queue, number, key, cost) for number, (key, cost) in enumerate(first)]
    for job in data.draw(st.sets(st.sampled_from(jobs))):
        queue.remove(job)
    for _ in range(min(served, len(queue))):
        queue.pop()
    for number, (key, cost) in enumerate(then, len(first)):
        put(queue, number, key, cost)
    told = list(queue.in_order())
    assert told == emptied(queue)


@given(st.lists(COSTS, min_size=2, max_size=60), st.lists(COSTS, min_size=2, max_size=60))
def test_two_keys_that_always_wait_differ_by_one_job_of_each(
    ours: list[float], theirs: list[float]
) -> None:
    queue = FairQueue()
    for number, cost in enumerate(ours):
        put(queue, number, "ours", cost)
    for number, cost in enumerate(theirs):
        put(queue, 1000 + number, "theirs", cost)
    served = {"ours": 0.0, "theirs": 0.0}
    bound = max(ours) + max(theirs)
    while queue.waiting("ours") and queue.waiting("theirs"):
        job = queue.pop()
        served[job.key] += job.cost
        assert abs(served["ours"] - served["theirs"]) <= bound * (1 + 1e-9)


@given(st.integers(1, 300), COSTS, COSTS)
def test_a_quiet_key_waits_for_one_job_of_a_flood_at_most(
    flood: int, cost: float, quiet: float
) -> None:
    queue = FairQueue()
    for number in range(flood):
        put(queue, number, "flood", cost)
    queue.pop()  # the flood has been going on
    put(queue, flood, "quiet", quiet)
    assert "quiet" in [queue.pop().key for _ in range(min(2, len(queue)))]


def test_a_key_that_slept_has_saved_nothing_up() -> None:
    queue = FairQueue()
    put(queue, 0, "late", 10)
    queue.pop()
    for number in range(1, 21):
        put(queue, number, "busy", 10)
        queue.pop()
    for number in range(10):
        put(queue, 100 + number, "late", 10)
        put(queue, 200 + number, "busy", 10)
    first = [queue.pop().key for _ in range(8)]
    assert 3 <= first.count("late") <= 5


def test_a_short_job_overtakes_a_long_one_of_its_own_key_only_for_a_while() -> None:
    queue = FairQueue(ageing=20)
    long = put(queue, 1, "key", 400, now=0)
    early = put(queue, 2, "key", 10, now=1)
    late = put(queue, 3, "key", 10, now=30)
    assert emptied(queue) == [early, long, late]


@given(st.floats(1, 1000), st.floats(0.1, 100))
def test_a_long_job_does_not_starve_behind_short_ones(cost: float, ageing: float) -> None:
    queue = FairQueue(ageing)
    long = put(queue, 0, "key", cost, now=0)
    put(queue, 1, "key", 1, now=cost / ageing + 1)
    assert queue.pop() == long


def test_a_higher_priority_goes_first_in_its_key() -> None:
    queue = FairQueue()
    put(queue, 1, "key", 1, now=0)
    urgent = queue.job(2, "key", 500, 100, priority=1)
    queue.push(urgent)
    assert queue.pop() == urgent


def test_the_last_job_of_the_key_that_has_most_waiting_is_the_one_to_go() -> None:
    queue = FairQueue(ageing=20)
    put(queue, 1, "modest", 100)
    flood = [put(queue, number, "flood", 50, now=number) for number in range(2, 6)]
    assert queue.greediest() == flood[-1]
    assert FairQueue().greediest() is None


@given(ASKED, COSTS)
def test_no_more_than_everything_is_ahead(asked: list[tuple[str, float]], cost: float) -> None:
    queue = FairQueue()
    for number, (key, each) in enumerate(asked):
        put(queue, number, key, each)
    assert queue.ahead("new", cost) <= queue.cost * (1 + 1e-9)
    assert queue.ahead("new", cost) <= queue.ahead("a", cost) + 1e-6


@given(ASKED, COSTS)
def test_what_is_ahead_is_hardly_overestimated(asked: list[tuple[str, float]], cost: float) -> None:
    """One of each rival's jobs at a time, until the newcomer's turn."""
    queue = FairQueue()
    rivals: dict[str, float] = {}
    for number, (key, each) in enumerate(asked):
        put(queue, number, key, each)
        rivals[key] = rivals.get(key, 0.0) + each
    exact = sum(min(rival, cost) for rival in rivals.values())
    assert exact * (1 - 1e-9) <= queue.ahead("new", cost) <= 1.5 * exact
