"""Files parsed in processes of their own: whatever a file does there, it does only to itself.

What holds such a process is told in `index.parsing.confinement`; how it works, in
`index.parsing.child`.
"""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

from index.documents import Parsed
from index.errors import ParseRefused
from index.parsing import wire
from index.parsing.limits import ParseLimits
from index.parsing.service import PATIENCE, End, Job, Service, ServiceLost

AT_ONCE: Final = 2
_NEARLY: Final = 0.9  # of its memory: it died of having no more
_TIMEOUTS: Final = (-signal.SIGXCPU, -signal.SIGALRM)


async def parse(path: Path, name: str, limits: ParseLimits | None = None) -> list[Parsed]:
    """What is in one file; for more files `Parsers` is quicker. Raises `ParseRefused`, `OSError`.

    Cancelling it ends the process.
    """
    async with Parsers(limits) as parsers:
        return await parsers.parse(path, name)


class Parsers:
    """Parses files, `at_once` at the same time, for one event loop, until `aclose`.

    A process is kept between files, and ends by itself after a minute without any.
    """

    def __init__(self, limits: ParseLimits | None = None, at_once: int = AT_ONCE) -> None:
        self._limits = limits or ParseLimits()
        self._places = asyncio.Semaphore(at_once)
        self._services: list[Service] = []  # those before the last have ended, or are about to

    async def __aenter__(self) -> "Parsers":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def parse(self, path: Path, name: str) -> list[Parsed]:
        """What is in a file: one document, or an archive's. Raises `ParseRefused`, `OSError`.

        Cancelling it ends its process.
        """
        async with self._places:
            for _ in range(2):
                with suppress(ServiceLost):
                    return await self._parse(path, name)
        raise ParseRefused("The file cannot be read: its parser was ended from outside.", "damaged")

    async def aclose(self) -> None:
        services, self._services = self._services, []
        for service in services:
            service.close()
            await asyncio.to_thread(service.wait)

    async def _parse(self, path: Path, name: str) -> list[Parsed]:
        service = await self._running()
        with path.open("rb") as file:
            job = service.start(file.fileno(), name)
        try:
            async with asyncio.timeout(self._limits.seconds):
                found = await job.result(self._limits.output)
            return await asyncio.to_thread(wire.read, found)
        except TimeoutError:
            raise _too_slow(self._limits) from None
        except ValueError:
            pass  # it died before it had written all
        finally:
            service.stop(job)
        raise _refusal(await _end(service, job), self._limits)

    async def _running(self) -> Service:
        ended = [service for service in self._services if service.lost]
        self._services = [service for service in self._services if not service.lost]
        if not self._services:
            self._services.append(Service(self._limits))
        running = self._services[-1]
        for service in ended:
            await asyncio.to_thread(service.wait)
        return running


async def _end(service: Service, job: Job) -> End:
    """Raises `ServiceLost` also when the service does not tell: it hangs, and is ended."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await job.end()
    except TimeoutError:
        service.close()
        raise ServiceLost from None


def _refusal(end: End, limits: ParseLimits) -> ParseRefused:
    """Why a process ended that wrote nothing."""
    if end.code in _TIMEOUTS:
        return _too_slow(limits)
    if end.memory > _NEARLY * limits.memory:
        message = "The file needs too much memory: split it into smaller files."
        return ParseRefused(message, "too_large")
    message = (
        "The file cannot be read: it is damaged, or needs too much memory. Open it and save it "
        "again, or split it."
    )
    return ParseRefused(message, "damaged")


def _too_slow(limits: ParseLimits) -> ParseRefused:
    message = f"The file takes longer than {limits.seconds:g} s to read: split it."
    return ParseRefused(message, "too_slow")
