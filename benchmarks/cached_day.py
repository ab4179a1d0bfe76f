"""A day of repeated questions: what kept answers save, and how often they are wrong.

    python benchmarks/cached_day.py TRACE [--pairs PATH] [--natural N] [--cache FILE]

`TRACE` gives arrivals, stretched over a day, and lengths (see `arrivals`); `day_of_questions` says
what is asked, `question_pairs.read` what `PATH` holds; `--cache` keeps the embeddings. The clock is
virtual, the memory and the embedder are the appliance's, an engine answers at the stated speeds
without ever being busy. Nobody checks answers meanwhile, and nobody dislikes one.
"""

import argparse
import asyncio
import heapq
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.curves import alone
from benchmarks.day_of_questions import DAY, Asked, Meaning, Plan, day, meanings
from benchmarks.question_pairs import Embedded
from benchmarks.report import conditions, save
from index.caches.local import LocalMemory
from index.caches.memory import Place, Verdict
from index.caches.sealed import Given, Owner, Sealed
from index.caches.semantic import Found, SemanticCache, There
from index.caches.verdict import Sentence, highest_share, trained
from models.engine import Chunk, Usage
from serve.bench.plots import Line, Plot
from serve.sections.cache import CacheSettings

CONTEXT: Final = b"one tenant, one model, no earlier turns"
OWNER: Final = Owner("tenant", (("model", "revision"),))
STATIC: Final = 0.9  # the cosine that caches commonly ask for
READING, WRITING = 280.0, 50.0  # tokens/s: one stream of the CPU engine (benchmarks/README.md)
HOURS: Final = 24
PICTURE: Final = Path(__file__).with_name("results") / "cached_day.svg"


class Static(SemanticCache):
    """What caches commonly do: the nearest, from a cosine of `STATIC` on."""

    def find(self, context: bytes, sentence: Sentence, there: There) -> Found:
        near = self._near(context, sentence.vector, there)
        if not near or near[0][1] < STATIC:
            return Found(None, "not near")
        return Found(near[0][0], "near", near[0][0])


@dataclass(frozen=True)
class Ended:
    """How a question ended. `wrong`: with the answer to another; `right_there`: that to the same
    was kept.
    """

    asked: Asked
    verdict: Verdict
    wrong: bool
    right_there: bool


@dataclass
class Day:
    """One day with one memory; `now` is its clock."""

    known: Sequence[Meaning]
    embedded: Embedded
    memory: LocalMemory | None = None
    now: float = 0.0
    made: dict[bytes, Asked] = field(default_factory=dict)
    landing: list[tuple[float, bytes]] = field(default_factory=list)  # a heap of what is under way
    kept_until: dict[int, float] = field(default_factory=dict)  # of meanings

    async def lived(self, questions: Sequence[Asked]) -> list[Ended]:
        return [await self._ask(asked) for asked in questions]

    async def _ask(self, asked: Asked) -> Ended:
        if self.memory is None:
            return Ended(asked, "miss", False, False)
        while self.landing and self.landing[0][0] <= asked.at:
            await self._land(*heapq.heappop(self.landing), self.memory)
        self.now = asked.at
        right_there = self.kept_until.get(asked.meaning, -1.0) >= asked.at
        key = sha256(asked.text.encode()).digest()
        verdict, answer = await self._looked_up(key, asked, self.memory)
        if verdict == "miss":
            self.made[key] = asked
            heapq.heappush(self.landing, (asked.at + seconds(self.known[asked.meaning]), key))
        return Ended(asked, verdict, answer.meaning != asked.meaning, right_there)

    async def _looked_up(
        self, key: bytes, asked: Asked, memory: LocalMemory
    ) -> tuple[Verdict, Asked]:
        if await memory.same(key, DAY):
            return "hit", asked
        if any(under_way == key for _, under_way in self.landing):
            return "joined", asked
        place = Place(CONTEXT, self.embedded[asked.text])
        similar = await memory.similar(place, DAY, wanted=True)
        if similar.found is None:
            return "miss", asked
        return "similar", self.made[similar.found.sealed.key]

    async def _land(self, at: float, key: bytes, memory: LocalMemory) -> None:
        self.now, asked = at, self.made[key]
        meaning = self.known[asked.meaning]
        prompt, output = meaning.shape.prompt, meaning.shape.output
        said = Chunk("word " * output, output, finish_reason="stop", usage=Usage(prompt, output))
        given = Given((said,), "small", "model", seconds(meaning) * 1000)
        place = Place(CONTEXT, self.embedded[asked.text])
        await memory.keep(Sealed.of(key, given, OWNER), place)
        self.kept_until[asked.meaning] = at + CacheSettings().ttl


def seconds(meaning: Meaning) -> float:
    """What its answer takes an engine."""
    return meaning.shape.prompt / READING + meaning.shape.output / WRITING


def ways() -> dict[str, Callable[[Day], LocalMemory | None]]:
    settings = CacheSettings()
    room, budget = settings.memory // 4, settings.false_hits

    def memory(of: Day, alike: SemanticCache | None) -> LocalMemory:
        return LocalMemory(settings.memory, settings.ttl, alike, lambda: of.now)

    return {
        "no cache": lambda of: None,
        "exact": lambda of: memory(of, None),
        "and verdict": lambda of: memory(of, SemanticCache(room, trained(), budget)),
        "and cosine 0.9": lambda of: memory(of, Static(room, trained(), budget)),
    }


def told(ended: Sequence[Ended], known: Sequence[Meaning]) -> dict[str, Any]:
    saved = [0.0] * HOURS
    tokens, wanted, asked_tokens = [0] * HOURS, [0.0] * HOURS, 0
    for one in ended:
        hour, meaning = min(HOURS - 1, int(one.asked.at * HOURS / DAY)), known[one.asked.meaning]
        took, length = seconds(meaning), meaning.shape.prompt + meaning.shape.output
        wanted[hour] += took
        asked_tokens += length
        if one.verdict != "miss":
            saved[hour] += took
            tokens[hour] += length
    counts = Counter(one.verdict for one in ended)
    return {
        "shares": {verdict: count / len(ended) for verdict, count in counts.items()},
        "tokens_saved": sum(tokens) / asked_tokens,
        "engine_time_saved": sum(saved) / sum(wanted),
        "engine_hours_wanted": sum(wanted) / 3600,
        "by_hour": {"seconds_wanted": wanted, "seconds_saved": saved, "tokens_saved": tokens},
        "made by rules": wrong([one for one in ended if known[one.asked.meaning].ruled]),
        "natural, by labels": wrong([one for one in ended if not known[one.asked.meaning].ruled]),
    }


def wrong(ended: Sequence[Ended]) -> dict[str, float]:
    """False hits, and who `missed` the right answer that was kept. Who asks the same again gets the
    same wrong answer, so that questions are no independent cases: the bound (95 %) is that of
    different texts.
    """
    false = [one for one in ended if one.wrong]
    lacking = [one for one in ended if not one.right_there and one.verdict in ("similar", "miss")]
    texts = {one.asked.text for one in ended}
    wrong_texts = {one.asked.text for one in false}
    return {
        "questions": len(ended),
        "false_hits": len(false),
        "similar": sum(one.verdict == "similar" for one in ended),
        "with no right answer kept": len(lacking),
        "missed": sum(one.right_there and one.verdict == "miss" for one in ended),
        "texts": len(texts),
        "texts_wrong": len(wrong_texts),
        "texts_wrong_at_most": highest_share(len(wrong_texts), len(texts)) if texts else 1.0,
    }


def drawn(found: dict[str, Any]) -> str:
    """Engine time of each hour, for each way."""
    lines = []
    for number, (way, result) in enumerate(found.items()):
        hours = result["by_hour"]
        spent = zip(hours["seconds_wanted"], hours["seconds_saved"], strict=True)
        points = [(float(hour), (want - save) / 60) for hour, (want, save) in enumerate(spent)]
        lines.append(Line(way, points, number))
    return alone(Plot("A day of repeated questions", "hour", "minutes of engine time", lines))


def show(found: dict[str, Any]) -> None:
    for way, result in found.items():
        shares = {name: f"{share:.1%}" for name, share in sorted(result["shares"].items())}
        tokens, took = result["tokens_saved"], result["engine_time_saved"]
        print(f"{way:22} {shares} saved: tokens {tokens:.1%}, engine time {took:.1%}")
        for name in ("made by rules", "natural, by labels"):
            print(f"    {name:20}", {k: round(v, 4) for k, v in result[name].items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--natural", type=int, default=1500, help="meanings from --pairs")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--count", type=int, default=12_000, help="questions of the day")
    parser.add_argument("--zipf", type=float, default=1.0, help="exponent of popularity")
    parser.add_argument("--reworded", type=float, default=0.4, help="share in other words")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    plan = Plan(chosen.trace, chosen.count, chosen.zipf, chosen.reworded, chosen.seed)
    known = meanings(plan, chosen.pairs, chosen.natural)
    questions, embedded = day(plan, known), Embedded(chosen.cache)
    embedded.add({asked.text for asked in questions})
    found = {}
    for way, memory_of in ways().items():
        life = Day(known, embedded)
        life.memory = memory_of(life)
        found[way] = told(asyncio.run(life.lived(questions)), known)
    show(found)
    stated = {**asdict(plan), "trace": plan.trace.name, "meanings": len(known)}
    stated |= {"ruled": sum(one.ruled for one in known), "reading": READING, "writing": WRITING}
    stated["texts"] = len({asked.text for asked in questions})
    kept = save("cached_day", conditions() | {"plan": stated, "ways": found})
    PICTURE.write_text(drawn(found))
    print(stated, f"kept as {kept.name}, {PICTURE.name}")


if __name__ == "__main__":
    main()
