"""Text comes out whole, however it was cut, and ends before a stop string."""

from hypothesis import given
from hypothesis import strategies as st

from models.text.detokenizer import Detokenizer, StopStrings


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    starts = [0, *ends]
    return [data[a:b] for a, b in zip(starts, ends, strict=False)]


@given(st.text(), st.lists(st.integers(0, 1000)))
def test_no_character_is_ever_split(text: str, places: list[int]) -> None:
    detokenizer = Detokenizer()
    pieces = [detokenizer.feed(piece) for piece in cut(text.encode(), places)]
    assert "".join(pieces) == text
    assert "\N{REPLACEMENT CHARACTER}" not in "".join(pieces) or "\ufffd" in text


def test_bytes_that_are_no_character_become_a_mark() -> None:
    assert Detokenizer().feed(b"a\xff\xfeb") == "a\ufffd\ufffdb"


@given(
    st.text("ab", max_size=40),
    st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=3),
    st.lists(st.integers(1, 5), min_size=1),
)
def test_the_text_ends_before_the_first_stop_string(
    text: str, stops: list[str], sizes: list[int]
) -> None:
    """Fed piece by piece: it stops at the piece that completes a string, as a stream must."""
    filtered, fed, out = StopStrings(stops), "", ""
    position = 0
    while position < len(text) and not filtered.found:
        size = sizes[position % len(sizes)]
        out += filtered.feed(text[position : position + size])
        fed = text[: position + size]
        position += size
        assert not any(stop in out for stop in stops)
        assert text.startswith(out)
    ends = [at for stop in stops if (at := fed.find(stop)) >= 0]
    assert filtered.found == bool(ends)
    assert out + filtered.flush() == (text[: min(ends)] if ends else text)


@given(st.text("ab", max_size=20), st.text("ab", min_size=1, max_size=4))
def test_no_more_is_held_back_than_may_be_a_stop_string(text: str, stop: str) -> None:
    stops = StopStrings([stop])
    out = stops.feed(text)
    if not stops.found:
        assert stop.startswith(text[len(out) :])


def test_without_stop_strings_text_passes() -> None:
    assert StopStrings([]).feed("anything") == "anything"
