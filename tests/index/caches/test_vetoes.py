"""What a kept answer must never be given for, however alike two questions look."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.near_misses import THEMES, Theme, near_misses, paraphrases
from index.caches.said import Said
from index.caches.vetoes import veto, vetoes

UNNAMED = {"entity"}  # names written small are any word: left to the verdict

TABLE = [
    ("number", "What is 12 % of 80?", "What is 15 % of 80?"),
    ("number", "How did World War I begin?", "How did World War II begin?"),
    ("number", "Name three rivers", "Name four rivers"),
    ("number", "How do I save 5 million?", "How do I save 5 billion?"),
    ("number", "What changed in version 2.1.3?", "What changed in version 2.1.4?"),
    ("date", "What happened on 3 May 1990?", "What happened on 4 May 1990?"),
    ("unit", "How heavy is it in kilograms?", "How heavy is it in pounds?"),
    ("negation", "Which plants need light?", "Which plants don't need light?"),
    ("negation", "Is it possible to be happy alone?", "Is it possible to be unhappy alone?"),
    ("negation", "Show all files except logs", "Show all files and logs"),
    ("opposite", "How do I enable the firewall?", "How do I disable the firewall?"),
    ("opposite", "How do I turn the alarm on?", "How do I disable the alarm?"),
    ("opposite", "Enabling sync at night", "Disabling sync at night"),
    ("opposite", "Which one is the cheapest?", "Which one is the most expensive?"),
    ("kind", "Why was the bridge built?", "When was the bridge built?"),
    ("name", "Who founded Siemens?", "Who founded Bosch?"),
    ("name", "what is the capital of france", "what is the capital of spain"),
    ("name", "what is the capital of France", "what is the capital of latvia"),
    ("name", "When did Donald Trump speak?", "When did Donald Duck speak?"),
    ("name", "Is vitamin C good for me?", "Is vitamin D good for me?"),
    ("quote", 'Who said "know thyself"?', 'Who said "nothing in excess"?'),
    ("code", "What does `ls -l` print?", "What does `ls -a` print?"),
    ("code", "What does the option -r do?", "What does the option -R do?"),
    ("code", "What is parse_int for?", "What is parse_float for?"),
    ("code", "Should I learn C++ first?", "Should I learn C# first?"),
    ("code", "How do I repair the X-200B?", "How do I repair the X-200C?"),
    ("order", "How do I get from home to work?", "How do I get from work to home?"),
    ("order", "Are cats smarter than dogs?", "Are dogs smarter than cats?"),
    ("order", "Convert feet to meters", "Convert meters into feet"),
    ("order", "Does lunch depend on the cook?", "Does the cook depend on lunch?"),
    ("order", "Did Anna pay Peter?", "Did Peter pay Anna?"),
    ("language", "How do I reset it?", "Wie kann ich das zurücksetzen?"),
    ("language", "Explain it in German", "Explain it in French"),
    ("language", "What is rain?", "Что такое дождь?"),
    ("format", "What is rain?", "What is rain? Answer in one sentence."),
    ("format", "Describe it as JSON", "Describe it as XML"),
    ("format", "Explain tides", "Explain tides in detail"),
    ("format", "List the planets", "List the planets in a table"),
]


def reasons(one: str, other: str) -> list[str]:
    return list(vetoes(Said(one), Said(other)))


@pytest.mark.parametrize(("reason", "asked", "kept"), TABLE)
def test_a_near_miss_is_vetoed_with_its_reason(reason: str, asked: str, kept: str) -> None:
    assert reason in reasons(asked, kept)
    assert reason in reasons(kept, asked)


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("How do I reset my password?", "What is the way to reset a password?"),
        ("What are 1,000 meters in km?", "what are 1000 meters in km"),
        ("How much is 12 %?", "How much is 12 percent?"),
        ("What happened on 3 May 1990?", "What happened on May 3, 1990?"),
        ("How do I enable sync?", "How can I turn on sync?"),
        ("What does the UN do?", "What does the United Nations do?"),
        ("Is India large?", "Is the Indian country large?"),
        ("What is the difference of cats and dogs?", "What is the difference of dogs and cats?"),
        ("Explain recursion", "Please explain recursion."),
        ("What does `git pull` do?", "What does git pull do?"),
        ("How do I use GitHub?", "how do i use github"),
    ],
)
def test_the_same_in_other_words_is_not_vetoed(asked: str, kept: str) -> None:
    assert veto(asked, kept) is None
    assert veto(kept, asked) is None


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_kind_of_near_miss_is_vetoed_in_every_theme(theme: Theme) -> None:
    pairs = [pair for pair in theme.missed() if pair.kind not in UNNAMED]
    assert len(pairs) >= 15
    assert [pair for pair in pairs if veto(pair.asked, pair.kept) is None] == []


def test_few_paraphrases_of_the_themes_are_vetoed() -> None:
    pairs = paraphrases()
    assert len(near_misses()) >= 1000
    assert len(THEMES) == 20
    assert sum(veto(pair.asked, pair.kept) is not None for pair in pairs) <= 0.1 * len(pairs)


@given(st.text(max_size=200))
@example("\x1fA¼")
@example("\x1fAa\u0301")
@example("\x1fAa\u0345")
def test_no_text_is_vetoed_against_itself(text: str) -> None:
    assert veto(text, text) is None


@given(st.text(max_size=120), st.text(max_size=120))
def test_which_text_is_which_does_not_matter(one: str, other: str) -> None:
    assert reasons(one, other) == reasons(other, one)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.sampled_from(["What is {}?", "{} men"]))
def test_another_number_is_always_vetoed(one: int, other: int, frame: str) -> None:
    found = reasons(frame.format(one), frame.format(other))
    assert ("number" in found) == (one != other)


@given(
    st.text(string.ascii_lowercase, min_size=5, max_size=9),
    st.text(string.ascii_lowercase, min_size=5, max_size=9),
)
def test_two_unlike_names_are_always_vetoed(one: str, other: str) -> None:
    alike = one[:4] == other[:4]
    found = veto(f"Where was {one.capitalize()} born?", f"Where was {other.capitalize()} born?")
    assert alike or found is not None
