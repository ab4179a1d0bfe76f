"""How much the client can take: the rate at which it reads answers that cost nothing to make."""

from serve.bench.bare_server import bare_server, instant_engine
from serve.bench.measures import medians
from serve.bench.plan import Plan
from serve.bench.run import Bench
from serve.bench.workload import Lengths, Level

SECONDS = 2.0
WORDS = 200
CLIENTS = 32


async def ceiling() -> float:
    """Events per second, each with one word, in streams of 200 to 32 clients at a time.

    The server runs in this process and on this core: alone, the client takes more.
    """
    plan = Plan(
        levels=[Level("clients", CLIENTS)],
        prompt=Lengths(16, 16),
        output=Lengths(WORDS, WORDS),
        rounds=1,
        seconds=SECONDS,
        warm_up=SECONDS / 4,
    )
    async with bare_server(instant_engine(WORDS), "ceiling") as target:
        rounds = await Bench(plan, lambda _: None).run([target])
    return medians([one.outcome.figures for one in rounds])["output_tokens_per_s"]
