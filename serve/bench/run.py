"""A plan carried out: calibration, then level by level, round by round, target by target."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from serve.bench.client import Client
from serve.bench.energy import Joules, no_joules
from serve.bench.load import Send, closed_loop, open_loop, sender
from serve.bench.measures import Outcome, Window, outcome
from serve.bench.plan import Plan
from serve.bench.prompts import Ruler, Writer
from serve.bench.sample import Sample
from serve.bench.target import Target, TargetRefused
from serve.bench.workload import Level, Shape

RULED = (64, 256)  # words of the prompts that tell how many tokens a word is


@dataclass(frozen=True, slots=True)
class Round:
    """What one target did under one load, the `number`th time."""

    target: str
    level: Level
    number: int
    outcome: Outcome


Told = Callable[[Round], None]


class Bench:
    """`told` hears of every round when it has ended; `joules` are those of this machine."""

    def __init__(self, plan: Plan, told: Told, joules: Joules = no_joules) -> None:
        self._plan = plan
        self._told = told
        self._joules = joules
        self._writer = Writer(secrets.token_hex(4), plan.shared_prefix)

    async def run(self, targets: Sequence[Target]) -> list[Round]:
        """Targets take turns within a round, and who is first changes from round to round, so that
        what drifts on the machine meets all alike. Raises `TargetRefused` when one answers nothing.
        """
        writers = {target.name: await self._calibrated(target) for target in targets}
        rounds = []
        for level in self._plan.levels:
            for number in range(self._plan.rounds):
                for target in targets if number % 2 == 0 else reversed(targets):
                    done = await self._round(target, writers[target.name], level, number)
                    rounds.append(done)
                    self._told(done)
        return rounds

    async def _calibrated(self, target: Target) -> Writer:
        """A writer that knows how many tokens of `target` a word is."""
        client = Client(target, self._plan.timeout)
        send = sender(client, target, replace(self._writer, shared=0), f"{target.name} ruler")
        try:
            short, long = [await send(Shape(words, 1), None) for words in RULED]
        finally:
            client.close()
        if error := short.error or long.error:
            chat = f"a chat with {target.model}" if target.model else "a chat"
            raise TargetRefused(f"{target.url} does not answer {chat}: {error}.")
        ruler = Ruler.of((RULED[0], short.prompt_tokens), (RULED[1], long.prompt_tokens))
        return replace(self._writer, ruler=ruler)

    async def _round(self, target: Target, writer: Writer, level: Level, number: int) -> Round:
        plan, joules = self._plan, self._joules if target.is_here else no_joules
        client = Client(target, plan.timeout)
        send = sender(client, target, writer, f"{target.name} {level} {number}")
        before, begin = await joules(), time.perf_counter()
        try:
            samples = await _load(plan, send, level, number)
        finally:
            client.close()
        window = Window(begin + plan.warm_up, begin + plan.length)
        found = outcome(samples, window, plan.objective)
        energy = _energy(samples, before, await joules())
        return Round(
            target.name, level, number, replace(found, figures={**found.figures, **energy})
        )


async def _load(plan: Plan, send: Send, level: Level, number: int) -> list[Sample]:
    if level.kind == "clients":
        asked = plan.shapes(level, number)
        return await closed_loop(send, asked, round(level.load), plan.length)
    return await open_loop(send, plan.arrivals(level, number))


def _energy(
    samples: Sequence[Sample], before: float | None, after: float | None
) -> Mapping[str, float]:
    """Joules per output token of all that was asked, warm-up and idle power included."""
    tokens = sum(sample.output_tokens for sample in samples)
    if before is None or after is None or not tokens:
        return {}
    return {"joules_per_token": (after - before) / tokens}
