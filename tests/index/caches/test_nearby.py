"""The nearest are found among few and among many, and whoever is gone is found no more."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from index.caches.nearby import FEW, Nearby
from index.documents import Vector

WIDE = 16


def drawn(count: int) -> Vector:
    rows = np.random.default_rng(0).standard_normal((count, WIDE)).astype(np.float32)
    found: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def filled(rows: Vector) -> Nearby:
    nearby = Nearby(WIDE)
    for number, row in enumerate(rows):
        nearby.add(b"%d" % number, row)
    return nearby


def test_nothing_is_near_where_nothing_is() -> None:
    assert Nearby(WIDE).nearest(drawn(1)[0], 3) == []


def test_the_nearest_come_first_with_their_cosines_among_few_and_many() -> None:
    for count in (5, FEW, FEW + 1, 8 * FEW):
        rows = drawn(count)
        nearby = filled(rows)
        assert len(nearby) == count
        for asked in drawn(20):
            cosines = np.sort(rows @ asked)[::-1]
            found = nearby.nearest(asked, 3)
            assert [cosine for _, cosine in found] == sorted((c for _, c in found), reverse=True)
            assert abs(found[0][1] - cosines[0]) < 1e-4


def test_whoever_is_gone_is_found_no_more_and_its_room_is_used_again() -> None:
    rows = drawn(4 * FEW)
    nearby = filled(rows)
    for number in range(3 * FEW):
        nearby.remove(b"%d" % number)
        nearby.add(b"new %d" % number, rows[number])
        nearby.remove(b"new %d" % number)
    assert len(nearby) == FEW
    for number in range(0, 4 * FEW, 50):
        found = nearby.nearest(rows[number], 3)
        assert all(int(key) >= 3 * FEW for key, _ in found)
    for number in range(3 * FEW, 4 * FEW):
        nearby.remove(b"%d" % number)
    assert nearby.nearest(rows[0], 3) == []
    assert len(nearby) == 0


@settings(max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=80))
def test_what_was_added_and_not_removed_is_what_is_there(steps: list[tuple[bool, int]]) -> None:
    rows, nearby, there = drawn(31), Nearby(WIDE), set[int]()
    for add, number in steps:
        if add and number not in there:
            nearby.add(b"%d" % number, rows[number])
            there.add(number)
        elif not add and number in there:
            nearby.remove(b"%d" % number)
            there.remove(number)
    for number in there:
        assert nearby.nearest(rows[number], 1)[0][0] == b"%d" % number
    assert len(nearby.nearest(rows[0], 50)) == len(nearby) == len(there)
