"""What one of several gateways may use of their engine, and how fast that is."""

from dataclasses import replace

import pytest

from models.load import Load
from serve.policy.estimates import Estimate
from serve.policy.share import FRESH, Share

PLACES, KV = 9, 9000
SMALL = Estimate(10, 10, 10, 20)


def load(running: int, kv: int = 0) -> Load:
    return Load(running, 0, PLACES, kv, KV, 0.0, 90.0, 0, 0, 0.0)


def seen(running: int, *, kv: int = 0, inside: int = 0, gateways: int = 3) -> Share:
    """A share whose gateway has `inside` of the `running` requests."""
    share = Share(PLACES, gateways)
    share.observe(load(running, kv), inside, 0, 0.0)
    return share


def room(share: Share, inside: int = 0) -> int:
    """How many more small requests fit."""
    taken = inside
    while share.fits(SMALL, taken, taken * SMALL.reserved, 0.0):
        taken += 1
    return taken - inside


def test_of_what_is_free_a_gateway_takes_its_part_until_the_next_report() -> None:
    assert [room(seen(others)) for others in (0, 3, 6)] == [3, 3, 3]
    assert room(seen(3, inside=3), 3) == 2  # six are free for three gateways
    assert room(seen(5, inside=5), 5) == 2


def test_a_gateway_that_is_alone_with_its_traffic_fills_the_engine_in_a_few_reports() -> None:
    inside = 0
    for _ in range(5):
        inside += room(seen(inside, inside=inside), inside)
    assert inside == PLACES


def test_whoever_came_first_a_gateway_has_its_equal_share() -> None:
    assert room(seen(PLACES)) == 3
    assert room(seen(PLACES, kv=KV)) == 3


def test_who_has_more_than_its_share_makes_room_for_others() -> None:
    assert room(seen(PLACES + 3, inside=PLACES), PLACES) == 0
    assert room(seen(PLACES, inside=6), 5) == 1


def test_busy_gateways_come_to_equal_shares_one_end_after_the_other() -> None:
    inside = [PLACES, 0, 0]
    for _ in range(10):
        running = sum(inside)
        for gateway, mine in enumerate(inside):
            left = max(0, mine - 1)
            inside[gateway] = left + room(seen(running, inside=mine), left)
    assert inside == [3, 3, 3]


def test_fewer_places_than_gateways_leave_each_one() -> None:
    share = Share(1, 3)
    share.observe(load(1), 0, 0, 0.0)
    assert room(share) == 1


def test_a_gateway_alone_waits_for_what_a_former_one_left_in_the_engine() -> None:
    assert room(seen(PLACES, gateways=1)) == 0
    assert room(seen(7, gateways=1)) == 2


def test_an_old_report_of_others_is_not_believed() -> None:
    share = seen(PLACES, gateways=1)
    assert not share.fits(SMALL, 0, 0, FRESH)
    assert share.fits(SMALL, 0, 0, FRESH + 0.1)


def test_the_speed_of_a_full_engine_is_divided_as_its_places_are() -> None:
    assert seen(PLACES, inside=3).speed(3) == pytest.approx(30)
    assert seen(PLACES, inside=6).speed(6) == pytest.approx(60)
    assert seen(PLACES, inside=9).speed(9) == pytest.approx(90)
    assert seen(PLACES, inside=0).speed(0) == pytest.approx(30)  # as it will be


def test_a_token_takes_as_long_for_everybody_in_the_engine() -> None:
    assert seen(PLACES, inside=3).pace(3) == pytest.approx(0.1)
    assert seen(PLACES, inside=9).pace(9) == pytest.approx(0.1)


def test_an_engine_that_was_never_measured_has_no_speed() -> None:
    share = Share(PLACES, 3)
    share.observe(replace(load(PLACES), decode_rate=0.0), 3, 0, 0.0)
    assert share.speed(3) is None
    assert share.pace(3) == 0
