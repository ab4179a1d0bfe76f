"""Messages arrive whole and in order, however the bytes come."""

import asyncio
import socket

from hypothesis import given
from hypothesis import strategies as st

from models.wire.connection import HEADER, LONGEST, Connection, Kind

MESSAGES = st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 2**32 - 1), st.binary()))


@given(MESSAGES, st.lists(st.integers(1, 12)))
def test_messages_are_whole_however_the_bytes_are_cut(
    messages: list[tuple[Kind, int, bytes]], cuts: list[int]
) -> None:
    heard: list[tuple[Kind, int, bytes]] = []
    connection = Connection(lambda *message: heard.append(message), lambda: None)
    said = b"".join(HEADER.pack(len(body), number, kind) + body for kind, number, body in messages)
    for cut in cuts:
        connection.data_received(said[:cut])
        said = said[cut:]
    connection.data_received(said)
    assert heard == messages


async def pair(hear: Connection, say: Connection) -> None:
    one, other = socket.socketpair()
    loop = asyncio.get_running_loop()
    await loop.create_unix_connection(lambda: hear, sock=one)
    await loop.create_unix_connection(lambda: say, sock=other)


async def test_what_claims_to_be_endless_ends_the_connection() -> None:
    lost = asyncio.Event()
    one = Connection(lambda *_: None, lost.set)
    two = Connection(lambda *_: None, lambda: None)
    await pair(one, two)
    one.data_received(HEADER.pack(LONGEST + 1, 0, Kind.CHUNK))
    await asyncio.wait_for(lost.wait(), 5)


async def test_who_reads_slowly_is_waited_for() -> None:
    one = Connection(lambda *_: None, lambda: None)
    two = Connection(lambda *_: None, lambda: None)
    await pair(one, two)
    assert one._transport is not None
    one._transport.pause_reading()
    for _ in range(40):
        two.say(Kind.CHUNK, 0, b"x" * 100_000)
    ready = asyncio.create_task(two.ready())
    assert not (await asyncio.wait([ready], timeout=0.05))[0]
    one._transport.resume_reading()
    await asyncio.wait_for(ready, 5)
    one.close()
    two.close()


async def test_saying_something_to_nobody_is_no_error() -> None:
    lost = asyncio.Event()
    one = Connection(lambda *_: None, lambda: None)
    two = Connection(lambda *_: None, lost.set)
    await pair(one, two)
    one.close()
    await asyncio.wait_for(lost.wait(), 5)
    two.say(Kind.CHUNK, 0, b"words")
    await two.ready()
