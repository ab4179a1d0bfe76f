"""Thoughts and answer come apart, however the stream was cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text.thinking import Split, Tags, Thinking, ThinkingSplitter

TAGS = Tags("<t>", "</t>")
texts = st.lists(st.sampled_from(["<t>", "</t>", "<", "t", "/", ">", " ", "\n", "a"])).map("".join)
kinds = st.sampled_from(["never", "maybe", "begun"])


def split(*pieces: str, thinking: Thinking = "maybe", tags: Tags = TAGS) -> Split:
    splitter = ThinkingSplitter(thinking, tags)
    said = [splitter.feed(piece) for piece in pieces] + [splitter.flush()]
    return Split("".join(s.reasoning for s in said), "".join(s.text for s in said))


def whole(text: str, thinking: Thinking) -> Split:
    """What the rule says of a text that is there at once."""
    inside = text.lstrip().removeprefix(TAGS.opening) if thinking == "maybe" else text
    opened = thinking == "begun" or text.lstrip().startswith(TAGS.opening)
    if thinking == "never" or not opened:
        return Split(text=text)
    thought, _, answer = inside.partition(TAGS.closing)
    return Split(thought.strip(), answer.lstrip())


@given(text=texts, places=st.lists(st.integers(0, 1000)), thinking=kinds)
def test_every_cutting_says_what_the_whole_says(
    text: str, places: list[int], thinking: Thinking
) -> None:
    ends = sorted({place % (len(text) + 1) for place in places} | {len(text)})
    pieces = [text[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    assert split(*pieces, thinking=thinking) == whole(text, thinking)


@given(text=texts)
def test_what_is_certain_is_said_at_once(text: str) -> None:
    """At most a tag's beginning, and white space around it, waits for more."""
    splitter = ThinkingSplitter("maybe", TAGS)
    said = "".join("".join(splitter.feed(character)) for character in text)
    held = "".join(splitter.flush())
    assert len(held.strip()) < len(TAGS.closing)
    assert "".join(whole(text, "maybe")) == said + held


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["<think>", "hm", "</think>", "\n\nYes"], Split("hm", "Yes")),
        (["\n<think>\nOne ", "two\n", "</think>Yes"], Split("One two", "Yes")),
        (["<think>\n\n</think>\n\nYes"], Split("", "Yes")),
        (["<think>never ends"], Split("never ends", "")),
        (["<thinking> is a tag"], Split("", "<thinking> is a tag")),
        (["The tag <think>x</think> is odd"], Split("", "The tag <think>x</think> is odd")),
        (["  an indented answer"], Split("", "  an indented answer")),
        ([" <thin"], Split("", " <thin")),
    ],
)
def test_thoughts_stand_first_or_are_none(pieces: list[str], expected: Split) -> None:
    assert split(*pieces, tags=Tags()) == expected


def test_thoughts_that_the_prompt_began_need_no_opening_tag() -> None:
    assert split("so", " it is</th", "ink>Yes", thinking="begun", tags=Tags()) == Split(
        "so it is", "Yes"
    )
