"""Drafts come from what was said before, and are as long as they pay."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.llama.sequence import Tokens
from models.llama.speculation import LONGEST_DRAFT, Acceptance, lookup

histories = st.lists(st.integers(0, 4), max_size=60).map(lambda ids: np.array(ids, np.int32))


@given(histories, st.integers(1, 10))
def test_a_draft_is_what_followed_the_same_tokens_before(history: Tokens, length: int) -> None:
    draft = lookup(history, length)
    assert len(draft) <= length
    if len(draft):
        text = history.tolist()
        repeated = [*text[-2:], *draft.tolist()]
        starts = range(len(text) - len(repeated) + 1)
        assert any(text[at : at + len(repeated)] == repeated for at in starts)


@given(histories)
def test_two_tokens_seen_before_are_always_found(history: Tokens) -> None:
    text = history.tolist()
    seen = any(text[at : at + 2] == text[-2:] for at in range(len(text) - 2))
    assert (len(lookup(history, 1)) == 1) == (seen and len(text) > 2)


def test_three_matching_tokens_count_more_than_two_nearer_ones() -> None:
    history = np.array([1, 2, 3, 7, 9, 2, 3, 8, 1, 2, 3], np.int32)
    assert lookup(history, 1).tolist() == [7]


def test_the_nearest_of_equal_matches_is_taken() -> None:
    history = np.array([1, 2, 3, 7, 1, 2, 3, 8, 1, 2, 3], np.int32)
    assert lookup(history, 1).tolist() == [8]


@given(st.floats(0.01, 1.5), st.integers(1, 64), st.lists(st.booleans(), max_size=80))
def test_draft_lengths_stay_within_bounds(
    row_cost: float, sequences: int, accepted: list[bool]
) -> None:
    acceptance = Acceptance()
    for right in accepted:
        acceptance.saw(4 if right else 0, 4)
        assert 0 <= acceptance.rate <= 1
        assert 0 <= acceptance.draft_length(sequences, row_cost) <= LONGEST_DRAFT


def test_success_lengthens_drafts_and_failure_ends_them() -> None:
    lucky, unlucky = Acceptance(), Acceptance()
    first = lucky.draft_length(1, 0.25)
    for _ in range(20):
        lucky.saw(8, 8)
        unlucky.saw(0, 8)
    assert lucky.draft_length(1, 0.25) > first > 0 == unlucky.draft_length(1, 0.25)


def test_drafting_is_tried_again_after_a_while() -> None:
    acceptance = Acceptance()
    for _ in range(100):
        acceptance.saw(0, 8)
    for _ in range(200):
        acceptance.saw(0, 0)
    assert acceptance.draft_length(1, 0.25) > 0


def test_drafts_are_shorter_the_more_sequences_share_the_step() -> None:
    acceptance = Acceptance()
    lengths = [acceptance.draft_length(sequences, 0.25) for sequences in (1, 2, 4, 32)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] == 0
