"""Events come out whole, however their bytes were cut, and never more than allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import EngineInterrupted
from models.upstream.event_stream import MAX_EVENT_BYTES, EventSplitter

lines = st.sampled_from(
    [b"data: one", b"data:two", b"data", b": comment", b"event: x", b"", b"data: a: b"]
)
endings = st.sampled_from([b"\n", b"\r\n"])
streams = st.lists(st.tuples(lines, endings).map(b"".join)).map(b"".join)


def events(*pieces: bytes, most: int = 10_000) -> list[bytes]:
    splitter = EventSplitter(most)
    return [event for piece in pieces for event in splitter.feed(piece)]


@given(stream=streams, places=st.lists(st.integers(0, 1000)))
def test_how_the_bytes_were_cut_makes_no_difference(stream: bytes, places: list[int]) -> None:
    ends = sorted({place % (len(stream) + 1) for place in places} | {len(stream)})
    assert events(*(stream[a:b] for a, b in zip([0, *ends], ends, strict=False))) == events(stream)


def test_data_is_what_stands_before_an_empty_line() -> None:
    stream = b": hi\r\nevent: x\r\ndata: {1}\r\n\r\n\ndata:a\ndata: b\n\ndata: never ends\n"
    assert events(stream) == [b"{1}", b"a\nb"]


def test_too_much_is_refused() -> None:
    with pytest.raises(EngineInterrupted):
        events(b"data: x\n\n" * 20, most=100)
    for endless in (b"data: " + b"x" * MAX_EVENT_BYTES, b"data\n" * MAX_EVENT_BYTES * 2):
        with pytest.raises(EngineInterrupted):
            events(endless, most=len(endless) + 1)


def test_a_line_of_many_pieces_is_read_in_time_that_grows_with_its_length() -> None:
    pieces = [b"x"] * (MAX_EVENT_BYTES // 2)
    [event] = events(b"data: ", *pieces, b"\n\n", most=MAX_EVENT_BYTES)
    assert len(event) == len(pieces)
