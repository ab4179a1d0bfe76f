"""Who tries many keys is answered later and later."""

from serve.policy.knocks import AGAIN, FREE, HELD, KEPT, LONGEST, Knocks, TooMany


def after(knocks: Knocks, count: int, address: str = "10.0.0.1", now: float = 0.0) -> list[bool]:
    return [knocks.bad_key(address, now) is not None for _ in range(count)]


def test_some_mistakes_are_free_and_then_it_takes_longer_and_longer() -> None:
    knocks = Knocks()
    assert not any(after(knocks, FREE))
    told = [knocks.bad_key("10.0.0.1", 0.0) for _ in range(10)]
    waits = [each.retry_after for each in told if isinstance(each, TooMany)]
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert len(waits) == 10
    assert max(waits) == LONGEST
    assert all(each is not None and 0 < each.hold <= HELD for each in told)


def test_other_addresses_do_not_pay_for_it() -> None:
    knocks = Knocks()
    after(knocks, FREE * 3)
    assert not any(after(knocks, FREE, "10.0.0.2"))


def test_it_is_forgotten_with_time() -> None:
    knocks = Knocks()
    after(knocks, FREE * 3)
    assert knocks.bad_key("10.0.0.1", AGAIN / 2) is not None
    assert not any(after(knocks, FREE, now=AGAIN * (FREE + 2)))


def test_a_clock_that_goes_back_forgives_nothing_and_locks_nobody_out() -> None:
    knocks = Knocks()
    after(knocks, FREE, now=1000.0)
    assert knocks.bad_key("10.0.0.1", 0.0) is not None
    assert not any(after(knocks, 1, now=AGAIN * 3))


def test_an_ipv6_network_counts_as_one() -> None:
    knocks = Knocks()
    assert not any(after(knocks, 1, f"2001:db8::{n}")[0] for n in range(FREE))
    assert after(knocks, 1, "2001:db8::ffff") == [True]
    assert after(knocks, 1, "2001:db8:0:1::1") == [False]


def test_memory_is_bounded_and_the_newest_are_known() -> None:
    knocks = Knocks()
    for n in range(KEPT + 100):
        knocks.bad_key(f"host-{n}", 0.0)
    assert len(knocks._tries) == KEPT
    assert not any(after(knocks, FREE, "host-0"))
