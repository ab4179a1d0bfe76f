"""What a request will cost, learned from those before it."""

from hypothesis import given
from hypothesis import strategies as st

from serve.policy.estimates import FIRST_OUTPUT, KEPT, Estimator, Truth

TRUTHS = st.builds(
    lambda prompt, share, output: Truth(prompt, int(prompt * share), output),
    st.integers(0, 5000),
    st.floats(0, 1),
    st.integers(0, 2000),
)


def taught(key: str, truth: Truth, size: int, times: int = 100) -> Estimator:
    estimator = Estimator()
    for _ in range(times):
        estimator.learn(key, size, truth)
    return estimator


def test_a_large_max_tokens_does_not_reserve_everything() -> None:
    estimate = taught("key", Truth(100, 0, 30), 400).guess("key", 400, 100_000)
    assert estimate.output < 40
    assert estimate.reserved < 200


def test_a_small_max_tokens_bounds_the_output() -> None:
    estimate = Estimator().guess("key", 400, 5)
    assert estimate.output == 5
    assert estimate.reserved == estimate.prompt + 5


def test_before_anything_is_known_the_guess_is_a_usual_answer() -> None:
    assert Estimator().guess("key", 400, None).output == FIRST_OUTPUT


def test_what_is_mostly_cached_costs_little() -> None:
    estimate = taught("key", Truth(1000, 900, 50), 4000).guess("key", 4000, None)
    assert abs(estimate.prompt - 1000) < 20
    assert 90 < estimate.prefill < 120


def test_a_script_with_more_tokens_per_byte_is_learned() -> None:
    estimate = taught("key", Truth(1000, 0, 50), 1500).guess("key", 3000, None)
    assert abs(estimate.prompt - 2000) < 50


def test_keys_have_habits_of_their_own() -> None:
    estimator = taught("long", Truth(100, 0, 1000), 400)
    for _ in range(100):
        estimator.learn("short", 400, Truth(100, 0, 10))
    assert estimator.guess("long", 400, None).output > 900
    assert estimator.guess("short", 400, None).output < 20


def test_a_new_key_starts_with_what_all_have_in_common() -> None:
    estimator = taught("known", Truth(100, 0, 700), 400)
    assert estimator.guess("new", 400, None).output > 600


def test_the_habits_of_many_keys_do_not_pile_up() -> None:
    estimator = Estimator()
    estimator.learn("first", 400, Truth(100, 0, 2000))
    before = estimator.guess("first", 400, None).output
    for number in range(KEPT):
        estimator.learn(f"key {number}", 400, Truth(100, 0, 5))
    assert estimator.guess("first", 400, None).output < before / 2


@given(st.lists(st.tuples(TRUTHS, st.integers(0, 20_000)), max_size=50), st.integers(0, 50_000))
def test_no_guess_is_nonsense(history: list[tuple[Truth, int]], size: int) -> None:
    estimator = Estimator()
    for truth, of_size in history:
        estimator.learn("key", of_size, truth)
    estimate = estimator.guess("key", size, None)
    assert 0 <= estimate.prefill <= estimate.prompt <= estimate.reserved
    assert 0 <= estimate.output <= 2000
