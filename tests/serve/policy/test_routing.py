"""Who answers `auto`, and the reason that its reader is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engine import Format, Message, Prompt, Sampling, Tool
from serve.policy.routing import (
    Asked,
    Conversations,
    Guess,
    Hints,
    Option,
    Route,
    choose,
    last_turn,
    size_of,
)
from serve.sections.routing import RoutingSettings

SMALL, LARGE = Option("small", "ready", 2048), Option("large", "ready", 8192)
BOTH = (SMALL, LARGE)
EASY, HARD = Guess(0.1, 0.5), Guess(0.9, 0.5)
DIAL = RoutingSettings(quality=0.5, patience=2)


def asked(text: str = "hello", **more: object) -> Asked:
    prompt = Prompt("r", "t", (Message("user", text),), **more)  # type: ignore[arg-type]
    return Asked.of(prompt, 100)


def routed(options: tuple[Option, ...] = BOTH, guess: Guess | None = EASY, **more: object) -> Route:
    settings = DIAL.model_copy(update={k: v for k, v in more.items() if k == "quality"})
    hints = Hints(guess, more.get("before"), bool(more.get("spare")))  # type: ignore[arg-type]
    return choose(more.get("asked") or asked(), options, settings, hints)  # type: ignore[arg-type]


def test_easy_prompts_go_to_the_small_tier_and_hard_ones_to_the_large() -> None:
    assert routed(guess=EASY) == Route(("small", "large"), "easy: 0.10 under 0.50")
    assert routed(guess=HARD) == Route(("large", "small"), "hard: 0.90 over 0.50")


def test_a_tier_that_lost_its_gpu_is_passed_over_for_that_reason() -> None:
    lost = Option("large", "unavailable", 8192, trouble="without its GPU")
    assert routed((SMALL, lost), HARD) == Route(("small",), "large is without its GPU")


def test_a_guess_about_an_unfamiliar_kind_says_so() -> None:
    assert "unfamiliar" in routed(guess=Guess(0.9, 0.5, known=False)).reason


def test_without_a_guess_quality_comes_first() -> None:
    assert routed(guess=None) == Route(("large", "small"), "its difficulty is unknown")


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"tools": (Tool("f", "", {}),)}, "tools"),
        ({"format": Format("json_schema", {})}, "a schema"),
        ({"sampling": Sampling(max_tokens=2000)}, "a long answer"),
    ],
)
def test_what_small_models_are_bad_at_goes_to_the_large_tier(
    more: dict[str, object], kind: str
) -> None:
    assert routed(asked=asked(**more)) == Route(("large", "small"), f"it has {kind}")


@pytest.mark.parametrize("text", ["```\nx\n```", "def f(): pass", "x" * 7000])
def test_code_and_long_prompts_go_to_the_large_tier(text: str) -> None:
    assert routed(asked=asked(text)).tiers[0] == "large"


def test_the_ends_of_the_dial_decide_alone() -> None:
    assert routed(guess=HARD, quality=0).tiers[0] == "small"
    assert routed(guess=EASY, quality=1).tiers[0] == "large"


def test_a_conversation_stays_where_it_is() -> None:
    assert routed(guess=HARD, before="small") == Route(
        ("small", "large"), "as before in this conversation"
    )


def test_a_prompt_that_does_not_fit_goes_where_it_does_whatever_the_dial() -> None:
    long = Asked(20_000, 5000, None, tools=False, schema=False, code=False)
    assert routed(asked=long, quality=0) == Route(("large",), "too long for small")


def test_a_brownout_spares_the_large_tier() -> None:
    assert routed(guess=HARD, spare=True) == Route(("small", "large"), "sparing large")


@pytest.mark.parametrize("state", ["loading", "asleep", "failed", "unavailable"])
def test_a_tier_that_is_not_ready_is_replaced_and_woken_if_it_sleeps(state: str) -> None:
    large = Option("large", state, 8192)  # type: ignore[arg-type]
    wake = "large" if state == "asleep" else None
    assert routed((SMALL, large), HARD) == Route(("small",), f"large is {state}", wake)


def test_a_tier_that_rests_is_replaced() -> None:
    resting = Option("large", "ready", 8192, resting=True)
    assert routed((SMALL, resting), HARD) == Route(("small",), "large is failing")


def test_a_tier_that_is_busy_is_left_for_one_that_is_not() -> None:
    busy = Option("large", "ready", 8192, wait=10.0)
    assert routed((SMALL, busy), HARD) == Route(("small", "large"), "large is busy for 10 s")
    short = Option("large", "ready", 8192, wait=1.5)
    assert routed((SMALL, short), HARD).tiers[0] == "large"


def test_with_one_tier_there_is_no_choice() -> None:
    assert routed((LARGE,), EASY) == Route(("large",), "the only tier")


def test_when_no_tier_is_ready_all_are_tried_the_strongest_first() -> None:
    down = (Option("small", "unavailable", 2048), Option("large", "loading", 8192))
    assert routed(down) == Route(("large", "small"), "no tier is ready")


STATES = st.sampled_from(["ready", "loading", "asleep", "failed", "unavailable"])


@given(
    st.lists(
        st.tuples(STATES, st.integers(128, 10_000), st.floats(0, 100), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 20_000),
    st.floats(0, 1),
    st.none() | st.floats(0, 1),
)
def test_whoever_is_chosen_is_ready_and_fits_if_any_does(
    tiers: list[tuple[str, int, float, bool]],
    context: int,
    quality: float,
    probability: float | None,
) -> None:
    options = tuple(
        Option(f"t{i}", state, length, wait, resting)  # type: ignore[arg-type]
        for i, (state, length, wait, resting) in enumerate(tiers)
    )
    guess = None if probability is None else Guess(probability, 0.5)
    wanted = Asked(100, context, None, tools=False, schema=False, code=False)
    route = routed(options, guess, asked=wanted, quality=quality)
    by_name = {option.name: option for option in options}
    able = [o for o in options if o.state == "ready" and not o.resting]
    assert len(set(route.tiers)) == len(route.tiers) > 0
    if able:
        chosen = by_name[route.tiers[0]]
        assert chosen in able
        assert chosen.context_length >= context or all(o.context_length < context for o in able)


def test_a_conversation_is_known_by_its_tenant_and_first_turns() -> None:
    known = Conversations()
    opening = (Message("system", "s"), Message("user", "hello"))
    later = (*opening, Message("assistant", "hi"), Message("user", "more"))
    known.answered(Prompt("r", "t", opening), "small")
    assert known.before(Prompt("r", "t", later)) == "small"
    assert known.before(Prompt("r", "other", later)) is None
    assert known.before(Prompt("r", "t", opening)) is None  # it begins anew


def test_conversations_are_bounded() -> None:
    known = Conversations(limit=2)
    for text in ("a", "b", "c"):
        known.answered(Prompt("r", "t", (Message("user", text),)), "small")
    turns = [(Message("user", x), Message("assistant", "y"), Message("user", "z")) for x in "abc"]
    assert [known.before(Prompt("r", "t", turn)) for turn in turns] == [None, "small", "small"]


def test_size_counts_text_tools_and_token_ids() -> None:
    assert size_of(Prompt("r", "t", "héllo")) == 6
    assert size_of(Prompt("r", "t", (1, 2, 3))) == 12
    chat = Prompt("r", "t", (Message("user", "ab"), Message("assistant", "c")))
    assert size_of(chat) == 3
    assert last_turn(chat) == "ab"
