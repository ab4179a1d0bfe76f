"""What follows from how llama.cpp was laid out."""

from hypothesis import given
from hypothesis import strategies as st

from models.llama.settings import Layout


@given(st.floats(0.01, 3), st.integers(1, 256))
def test_places_beyond_the_useful_ones_add_a_tenth_at_most(row_cost: float, slots: int) -> None:
    def speed(sequences: int) -> float:
        return sequences / (1 + row_cost * (sequences - 1))

    useful = Layout(row_cost=row_cost).slots_useful(slots)
    assert 1 <= useful <= slots
    assert speed(useful) >= 0.9 * speed(slots)
    assert useful == 1 or speed(useful - 1) < 0.9 * speed(slots)
