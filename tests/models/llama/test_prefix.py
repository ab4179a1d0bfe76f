"""Common prefixes, against the plain definition."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.llama.prefix import common_prefix

ids = st.lists(st.integers(0, 2), max_size=12)


@given(ids, ids)
def test_it_is_the_longest_that_both_begin_with(first: list[int], second: list[int]) -> None:
    length = common_prefix(np.array(first, np.int32), np.array(second, np.int32))
    assert first[:length] == second[:length]
    assert first[: length + 1] != second[: length + 1] or length in (len(first), len(second))
