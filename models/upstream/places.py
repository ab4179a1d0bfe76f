"""How many may be answered at once, and who comes next."""

import asyncio
from heapq import heappop, heappush
from itertools import count

from models.errors import EngineBusy

Turn = asyncio.Future[None]


class Places:
    """`total` places; who waits gets one by priority, the highest first, then by arrival.

    Who took a place has to leave it. For one event loop.
    """

    def __init__(self, total: int, max_waiting: int) -> None:
        self._total = total
        self._max_waiting = max_waiting
        self._queue: list[tuple[int, int, Turn]] = []
        self._numbers = count()
        self.taken = 0
        self.waiting = 0

    async def take(self, priority: int, retry_after: float) -> None:
        """Waits for a place. Raises `EngineBusy` when too many wait already."""
        if self.taken < self._total:
            self.taken += 1
        elif self.waiting < self._max_waiting:
            await self._turn(priority)
        else:
            raise EngineBusy(
                f"All {self._total} places are taken and {self.waiting} wait.", retry_after
            )

    def leave(self) -> None:
        """The place goes to the next who still waits."""
        while self._queue:
            turn = heappop(self._queue)[-1]
            if not turn.done():
                turn.set_result(None)
                return
        self.taken -= 1

    async def _turn(self, priority: int) -> None:
        turn: Turn = asyncio.get_running_loop().create_future()
        heappush(self._queue, (-priority, next(self._numbers), turn))
        self.waiting += 1
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came, too late
                self.leave()
            raise
        finally:
            self.waiting -= 1
