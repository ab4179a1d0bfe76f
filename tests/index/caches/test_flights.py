"""One generation, many readers."""

import asyncio
from contextlib import aclosing

import pytest

from index.caches.flights import Flights
from models.engine import Chunk, ChunkStream

PLACE = (b"key", True)


class Source:
    """Words that come when they are let; counts who began and who was ended early."""

    def __init__(self, words: int = 3) -> None:
        self.begun = self.ended = 0
        self.error: Exception | None = None
        self._words = words
        self._let = asyncio.Semaphore(0)

    def let(self, words: int = 1) -> None:
        for _ in range(words):
            self._let.release()

    async def begin(self, _: object) -> ChunkStream:
        self.begun += 1
        try:
            for number in range(self._words):
                await self._let.acquire()
                yield Chunk(str(number))
            if self.error:
                raise self.error
        finally:
            self.ended += 1


async def text(chunks: ChunkStream) -> str:
    async with aclosing(chunks):
        return "".join([chunk.text async for chunk in chunks])


async def test_all_get_all_of_it_whenever_they_came() -> None:
    flights, source = Flights[tuple[bytes, bool], str](), Source()
    first = flights.board(PLACE, "first", source.begin)
    reading = first.read()
    source.let()
    assert (await anext(reading)).text == "0"
    late = flights.board(PLACE, "late", source.begin)
    assert late is first
    assert late.about == "first"
    other = asyncio.create_task(text(late.read()))
    source.let(2)
    assert await text(reading) == "12"
    assert await other == "012"
    assert (source.begun, source.ended, len(flights)) == (1, 1, 0)


async def test_another_key_and_another_delivery_are_other_flights() -> None:
    flights, source = Flights[tuple[bytes, bool], str](), Source(0)
    places = [PLACE, (b"key", False), (b"other", True)]
    found = [flights.board(place, "", source.begin) for place in places]
    assert [await text(flight.read()) for flight in found] == ["", "", ""]
    assert source.begun == 3


async def test_the_first_may_leave_and_the_last_ends_the_work() -> None:
    flights, source = Flights[tuple[bytes, bool], str](), Source()
    flight = flights.board(PLACE, "", source.begin)
    readers = [flight.read(), flight.read()]
    source.let()
    assert [(await anext(reader)).text for reader in readers] == ["0", "0"]
    await readers[0].aclose()
    source.let()
    assert (await anext(readers[1])).text == "1"
    assert source.ended == 0
    await readers[1].aclose()
    assert source.ended == 1


async def test_a_flight_that_all_have_left_takes_nobody_else() -> None:
    flights, source = Flights[tuple[bytes, bool], str](), Source()
    reader = flights.board(PLACE, "", source.begin).read()
    source.let()
    await anext(reader)
    leaving = asyncio.create_task(reader.aclose())
    await asyncio.sleep(0)
    again = flights.board(PLACE, "", source.begin)
    source.let(3)
    assert await text(again.read()) == "012"
    await leaving
    assert source.begun == 2


async def test_an_error_reaches_every_reader_behind_what_came_before() -> None:
    flights, source = Flights[tuple[bytes, bool], str](), Source(1)
    source.error = ValueError("broken")
    flight = flights.board(PLACE, "", source.begin)
    readers = [flight.read(), flight.read()]
    source.let()
    for reader in readers:
        assert (await anext(reader)).text == "0"
        with pytest.raises(ValueError, match="broken"):
            await anext(reader)
    assert len(flights) == 0


async def test_a_cancelled_reader_harms_no_other() -> None:
    flights, source = Flights[tuple[bytes, bool], str](), Source()
    flight = flights.board(PLACE, "", source.begin)
    tasks = [asyncio.create_task(text(flight.read())) for _ in range(3)]
    source.let()
    await asyncio.sleep(0)
    tasks[0].cancel()
    source.let(2)
    assert await asyncio.gather(*tasks[1:]) == ["012", "012"]
    assert tasks[0].cancelled()
