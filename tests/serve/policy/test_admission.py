"""Who is let in, who waits, who is sent away: what always holds, and the cases that matter."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from models.load import Device, Load
from serve.policy.admission import Admission, Admitted, Ask, Place, Queued, Refused
from serve.policy.estimates import Estimate
from serve.policy.share import KV_USABLE
from serve.sections.admission import AdmissionSettings

SLOTS = 4
KV = 4000
HEALTHY = Device()


def load(running: int = 0, waiting: int = 0, device: Device = HEALTHY) -> Load:
    return Load(running, waiting, SLOTS, 0, KV, 0.0, 100.0, 0, 0, 0.0, device)


def tier(waiting: int = 100, patience: float = 30) -> Admission:
    settings = AdmissionSettings(waiting=waiting, patience=patience)
    return Admission(settings, SLOTS, random.Random(1))


def ask(key: str = "key", output: float = 100, deadline: float = 1000, prompt: float = 0) -> Ask:
    return Ask(key, Estimate(prompt, prompt, output, prompt + output), deadline)


def filled(policy: Admission) -> list[int]:
    """Every place of the engine taken, and its speed known: 100 tokens per second."""
    verdicts = [policy.ask(ask(), 0.0) for _ in range(SLOTS)]
    policy.observe(load(running=SLOTS), 0.0)
    return [v.number for v in verdicts if isinstance(v, Admitted)]


def queued(policy: Admission, request: Ask, now: float = 0.0) -> Queued:
    verdict = policy.ask(request, now)
    assert isinstance(verdict, Queued)
    return verdict


def test_an_idle_engine_takes_as_many_as_it_has_places() -> None:
    policy = tier()
    assert len(filled(policy)) == SLOTS
    assert isinstance(policy.ask(ask(), 0.0), Queued)


def test_the_wait_is_the_work_ahead_over_the_speed() -> None:
    policy = tier()
    filled(policy)
    for _ in range(5):
        last = queued(policy, ask(output=200))
    assert last.wait == pytest.approx(4 * 200 / 100, abs=1.0)


def test_who_waits_knows_its_place_and_the_work_before_it() -> None:
    policy = tier()
    first, *_ = filled(policy)
    waiting = [queued(policy, ask(output=200)).number for _ in range(3)]
    places = policy.places_in_line()
    assert [places[number].position for number in waiting] == [1, 2, 3]
    waits = [places[number].wait or 0.0 for number in waiting]
    assert waits[0] == pytest.approx(100 / SLOTS / 100)  # until one of those inside ends
    assert waits[2] - waits[0] == pytest.approx(2 * 200 / 100)
    assert policy.leave(first, 1.0) == waiting[:1]
    assert [policy.places_in_line()[number].position for number in waiting[1:]] == [1, 2]


def test_of_an_engine_whose_speed_is_unknown_only_the_place_is_known() -> None:
    policy = tier()
    for _ in range(SLOTS):
        policy.ask(ask(), 0.0)
    number = queued(policy, ask()).number
    assert policy.places_in_line()[number] == Place(1, None)


def test_an_end_lets_the_next_one_in() -> None:
    policy = tier()
    first, *_ = filled(policy)
    waiting = queued(policy, ask())
    assert policy.leave(first, 1.0) == [waiting.number]
    assert (policy.running, policy.waiting) == (SLOTS, 0)


def test_who_cannot_begin_in_time_is_refused_at_once_and_told_when() -> None:
    policy = tier()
    filled(policy)
    for _ in range(10):
        queued(policy, ask(output=200))
    verdict = policy.ask(ask(deadline=5.0), 0.0)
    assert isinstance(verdict, Refused)
    assert verdict.why == "deadline"
    assert 1.0 <= verdict.retry_after <= 25 * 1.3


def test_who_could_begin_but_not_end_in_time_is_refused_at_once() -> None:
    policy = tier()
    filled(policy)
    wait, lasts = 0.25, 4 * 100 / 100  # seconds: four share 100 tokens per second
    verdict = policy.ask(replace(ask(), ends=wait + lasts - 0.1), 0.0)
    assert isinstance(verdict, Refused)
    assert verdict.why == "deadline"
    assert isinstance(policy.ask(replace(ask(), ends=wait + lasts + 0.1), 0.0), Queued)


def test_who_waited_until_it_cannot_end_in_time_does_not_begin() -> None:
    policy = tier()
    first, *_ = filled(policy)
    late, patient = queued(policy, replace(ask(), ends=10.0)), queued(policy, ask())
    assert policy.advance(5.9) == ([], [])
    assert policy.advance(6.1) == ([], [late.number])
    assert policy.leave(first, 6.2) == [patient.number]


def test_an_idle_engine_tries_even_what_seems_too_long() -> None:
    policy = tier()
    policy.observe(load(running=SLOTS), 0.0)
    assert isinstance(policy.ask(replace(ask(output=1e6), ends=1.0), 100.0), Admitted)


def test_rates_that_have_not_settled_do_not_make_an_engine_look_slow() -> None:
    policy = tier()
    filled(policy)
    slow = replace(load(running=SLOTS), decode_rate=10.0)
    policy.observe(slow, 5.0)
    assert policy.expected_wait("key", 0) == pytest.approx(0.25)
    for second in range(10, 40):
        policy.observe(slow, float(second))
    wait = policy.expected_wait("key", 0)
    assert wait is not None
    assert wait > 2.0


def test_places_that_add_no_speed_stay_free() -> None:
    policy = tier()
    policy.observe(replace(load(), slots_useful=2), 0.0)
    verdicts = [policy.ask(ask(), 0.0) for _ in range(SLOTS)]
    assert [type(v) for v in verdicts] == [Admitted, Admitted, Queued, Queued]


def test_those_who_are_refused_together_do_not_come_back_together() -> None:
    policy = tier(waiting=0)
    filled(policy)
    refusals = [policy.ask(ask(), 0.0) for _ in range(100)]
    times = {refusal.retry_after for refusal in refusals if isinstance(refusal, Refused)}
    assert len(times) == 100
    assert max(times) > 1.2 * min(times)


def test_a_deadline_that_passes_in_the_queue_ends_the_waiting() -> None:
    policy = tier()
    first, *_ = filled(policy)
    late, patient = queued(policy, ask(deadline=5.0)), queued(policy, ask())
    assert policy.advance(5.0) == ([], [late.number])
    assert policy.leave(first, 6.0) == [patient.number]


def test_a_client_that_leaves_the_queue_leaves_nothing_behind() -> None:
    policy = tier()
    first, *_ = filled(policy)
    gone = queued(policy, ask())
    assert policy.leave(gone.number, 1.0) == []
    assert policy.leave(gone.number, 1.0) == []
    assert policy.leave(first, 2.0) == []
    assert (policy.running, policy.waiting) == (SLOTS - 1, 0)


def test_a_flood_makes_room_for_a_quiet_key_in_a_full_queue() -> None:
    policy = tier(waiting=10)
    filled(policy)
    flood = [queued(policy, ask("flood")).number for _ in range(10)]
    assert isinstance(policy.ask(ask("flood"), 0.0), Refused)
    assert queued(policy, ask("quiet")).displaced in flood
    assert policy.waiting == 10


def test_a_quiet_key_does_not_wait_for_a_flood() -> None:
    policy = tier()
    first, second, *_ = filled(policy)
    for _ in range(90):
        queued(policy, ask("flood", deadline=1e6))
    quiet = queued(policy, ask("quiet", deadline=5.0))
    assert quiet.wait is not None
    assert quiet.wait < 3
    assert quiet.number in [*policy.leave(first, 1.0), *policy.leave(second, 1.0)]


def test_the_kv_cache_is_not_promised_twice() -> None:
    policy = tier()
    policy.observe(load(), 0.0)
    assert isinstance(policy.ask(ask(prompt=3000, output=500), 0.0), Admitted)
    assert isinstance(policy.ask(ask(prompt=1000, output=500), 0.0), Queued)


def test_a_request_larger_than_all_memory_is_left_to_an_idle_engine() -> None:
    policy = tier()
    policy.observe(load(), 0.0)
    assert isinstance(policy.ask(ask(prompt=100_000), 0.0), Admitted)


def test_requests_of_other_gateways_take_places() -> None:
    policy = tier()
    policy.observe(load(running=SLOTS - 1), 0.0)
    assert isinstance(policy.ask(ask(), 0.0), Admitted)
    assert isinstance(policy.ask(ask(), 0.0), Queued)


def test_an_old_report_is_not_believed() -> None:
    policy = tier()
    policy.observe(load(running=SLOTS), 0.0)
    assert isinstance(policy.ask(ask(), 1.0), Queued)
    assert policy.advance(100.0)[0] != []


def test_a_gpu_that_slows_down_or_has_little_memory_gets_less() -> None:
    for device in (Device(throttled=True), Device(tight=True)):
        policy = tier()
        policy.observe(load(device=device), 0.0)
        verdicts = [policy.ask(ask(), 0.0) for _ in range(SLOTS)]
        admitted = [v for v in verdicts if isinstance(v, Admitted)]
        assert 0 < len(admitted) < SLOTS


def test_a_lost_gpu_gets_nothing_until_it_is_back() -> None:
    policy = tier()
    first, *_ = filled(policy)
    waiting = queued(policy, ask())
    policy.observe(load(running=SLOTS, device=Device(lost=True)), 1.0)
    verdict = policy.ask(ask(), 1.0)
    assert isinstance(verdict, Refused)
    assert verdict.why == "unavailable"
    assert policy.leave(first, 1.0) == []
    policy.observe(load(running=SLOTS - 1), 2.0)
    assert policy.advance(2.0) == ([waiting.number], [])


def test_pressure_is_nothing_without_a_queue_and_grows_with_it() -> None:
    policy = tier(patience=10)
    filled(policy)
    pressures = [policy.pressure()]
    for _ in range(10):
        queued(policy, ask())
        pressures.append(policy.pressure())
    assert pressures[0] == 0
    assert pressures == sorted(pressures)
    assert pressures[-1] == pytest.approx(1.0)


def test_switched_off_everybody_goes_at_once() -> None:
    policy = Admission(AdmissionSettings(enabled=False), SLOTS)
    assert all(isinstance(policy.ask(ask(), 0.0), Admitted) for _ in range(10 * SLOTS))


class Life(RuleBasedStateMachine):
    """Any order of asking, ending, giving up, reports and time."""

    def __init__(self) -> None:
        super().__init__()
        self.policy = Admission(AdmissionSettings(waiting=6), SLOTS, random.Random(1))
        self.policy.observe(load(), 0.0)
        self.now = 0.0
        self.asks: dict[int, Ask] = {}
        self.inside: set[int] = set()
        self.waiting: set[int] = set()
        self.gone = 0
        self.refused = 0
        self.asked = 0

    @rule(
        key=st.sampled_from("abc"),
        tokens=st.tuples(st.floats(0, 2000), st.floats(1, 1000)),
        patience=st.floats(0.1, 60),
        priority=st.integers(-1, 1),
    )
    def asks_for(
        self, key: str, tokens: tuple[float, float], patience: float, priority: int
    ) -> None:
        prompt, output = tokens
        estimate = Estimate(prompt, prompt, output, prompt + output)
        request = Ask(key, estimate, self.now + patience, priority)
        verdict = self.policy.ask(request, self.now)
        self.asked += 1
        if isinstance(verdict, Refused):
            assert verdict.retry_after >= 1.0
            self.refused += 1
            return
        self.asks[verdict.number] = request
        if isinstance(verdict, Admitted):
            self.go([verdict.number])
            return
        self.waiting.add(verdict.number)
        assert verdict.wait is None or verdict.wait >= 0
        if verdict.displaced is not None:
            self.waiting.remove(verdict.displaced)
            self.gone += 1

    @precondition(lambda self: self.inside or self.waiting)
    @rule(data=st.data())
    def ends_or_gives_up(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.inside | self.waiting)))
        self.inside.discard(number)
        self.waiting.discard(number)
        self.gone += 1
        self.go(self.policy.leave(number, self.now))

    @rule(seconds=st.floats(0, 10))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        going, late = self.policy.advance(self.now)
        for number in late:
            assert self.asks[number].deadline <= self.now
            self.waiting.remove(number)
        self.gone += len(late)
        self.go(going)

    @rule(rates=st.tuples(st.floats(0, 500), st.floats(0, 500)), lost=st.booleans())
    def engine_reports(self, rates: tuple[float, float], lost: bool) -> None:
        running = min(SLOTS, len(self.inside))
        report = Load(running, 0, SLOTS, 0, KV, *rates, 0, 0, self.now, Device(lost=lost))
        self.policy.observe(report, self.now)

    def go(self, numbers: list[int]) -> None:
        for number in numbers:
            assert self.asks[number].deadline > self.now
            self.waiting.discard(number)
            self.inside.add(number)

    @invariant()
    def everybody_is_somewhere_once(self) -> None:
        assert self.policy.running == len(self.inside)
        assert self.policy.waiting == len(self.waiting)
        assert not self.inside & self.waiting
        assert self.asked == len(self.inside) + len(self.waiting) + self.refused + self.gone

    @invariant()
    def capacity_is_never_exceeded(self) -> None:
        assert len(self.inside) <= SLOTS
        reserved = sum(self.asks[number].estimate.reserved for number in self.inside)
        assert reserved <= KV_USABLE * KV + 1e-6 or len(self.inside) == 1

    @invariant()
    def the_queue_is_bounded(self) -> None:
        assert len(self.waiting) <= 6


TestLife = Life.TestCase
TestLife.settings = hypothesis_settings(max_examples=100, stateful_step_count=40, deadline=None)


@given(st.lists(st.floats(1, 500), min_size=5, max_size=40))
def test_nobody_waits_for_ever(outputs: list[float]) -> None:
    """Places become free one by one while short requests of the same key keep coming."""
    policy = tier(waiting=1000)
    running = filled(policy)
    first = [queued(policy, ask(output=output, deadline=1e9)).number for output in outputs]
    now = 0.0
    while set(first) & set(policy._waiting):  # the last one that waited from the beginning
        now += 1.0
        queued(policy, ask(output=1, deadline=1e9), now)
        running += policy.leave(running.pop(0), now)
        assert now < 10 * len(outputs) + 1000
