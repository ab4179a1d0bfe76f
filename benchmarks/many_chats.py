"""What open chat pages cost those who use the API.

    python benchmarks/many_chats.py [--pages 50] [--rounds 5] [--seconds 4] [--clients 8]

Hearth with an instant engine and its pages is loaded in turn, round by round: with no page open,
and with as many as browsers would hold open: each has fetched the page and its configuration, and
keeps the event stream by which Gradio knows that somebody is there. All on the same cores.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.gateway import Target, hearth, medians
from benchmarks.http_load import closed_loop
from benchmarks.report import conditions, save

PATIENCE = 120.0  # seconds until the pages are there
Rounds = dict[str, list[dict[str, float]]]


@asynccontextmanager
async def opened(url: str, pages: int) -> AsyncIterator[None]:
    """As many pages, each by a client of its own, until the end of the block."""
    async with AsyncExitStack() as stack:
        for number in range(pages):
            http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30))
            for part in ("", "config"):
                (await http.get(part)).raise_for_status()
            stream = http.stream("GET", f"gradio_api/heartbeat/page{number}", timeout=None)
            response = await stack.enter_async_context(stream)
            await anext(response.aiter_bytes())
        yield


async def served(url: str) -> None:
    """The pages start after the API."""
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient(timeout=30) as http:
        while (await http.get(url)).status_code != 200:
            await asyncio.sleep(0.5)


async def one_round(target: Target, options: argparse.Namespace) -> dict[str, float]:
    address, request = ("127.0.0.1", target.port), target.request(3, False)
    measured = await closed_loop(address, request, options.clients, options.seconds)
    if measured.failures:
        raise RuntimeError("Hearth refused requests.")
    return {
        "requests/s": measured.rate,
        "p50 ms": measured.percentile(50),
        "p95 ms": measured.percentile(95),
    }


async def measure(target: Target, options: argparse.Namespace) -> Rounds:
    url = f"http://127.0.0.1:{target.port}/ui/"
    await served(url)
    rounds: Rounds = {"no page": [], "pages": []}
    await one_round(target, options)
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        rounds["no page"].append(await one_round(target, options))
        async with opened(url, options.pages):
            rounds["pages"].append(await one_round(target, options))
    return rounds


def show(median: dict[str, dict[str, float]], pages: int) -> None:
    alone, beside = median["no page"], median["pages"]
    print(f"{'':12}{'no page':>10}{f'{pages} pages':>12}{'ratio':>8}")
    for name, value in alone.items():
        print(f"{name:12}{value:10.1f}{beside[name]:12.1f}{beside[name] / value:8.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="hb", dir="/tmp") as folder,
        hearth(Path(folder), 1, ui={"enabled": True}) as target,
    ):
        rounds = asyncio.run(measure(target, options))
    result: dict[str, Any] = {"median": {name: medians(r) for name, r in rounds.items()}}
    show(result["median"], options.pages)
    print(
        save("many_chats", conditions() | {"options": vars(options)} | result | {"rounds": rounds})
    )


if __name__ == "__main__":
    main()
