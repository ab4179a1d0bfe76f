"""Which layout and how many threads are quickest here: measured once at set-up, and kept.

`python -m models.llama.tuning --model FILE --threads N --keep FOLDER` takes some ten seconds. It
runs in a child process: llama.cpp's graphs and threads of a dozen contexts go with it.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from models.llama.build import processor
from models.llama.gguf import check
from models.llama.settings import Layout, LlamaSettings, fingerprint, library_version
from models.llama.weights import is_worth_trying

if TYPE_CHECKING:
    from models.llama.library import Context, Tokens

CONTEXT: Final = 256
PROMPT: Final = 64  # tokens that every sequence holds while steps are timed
DRAFT: Final = 8
STEP_SECONDS: Final = 0.25  # how long the largest step may take
STEP_TOKENS: Final = range(64, 513)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one step: with one sequence, with many, with a draft, and of a prompt."""

    layout: Layout
    one: float
    many: float
    draft: float
    prompt: float

    def __str__(self) -> str:
        layout = self.layout
        weights = "as given" if layout.weights == "given" else f"as {layout.weights}"
        rates = f"{1 / self.one:.0f} steps/s, {1 / self.many:.1f} of many sequences"
        return f"{layout.threads} threads, weights {weights}: {rates}"

    @property
    def score(self) -> float:
        """Lower is better; a step of one sequence and a step of many count the same."""
        return math.log(self.one) + math.log(self.many)

    def finished(self) -> Layout:
        """The layout with what follows from the times."""
        fitting = int(PROMPT / self.prompt * STEP_SECONDS)
        return replace(
            self.layout,
            step_tokens=min(max(fitting, STEP_TOKENS.start), STEP_TOKENS.stop - 1),
            row_cost=round(max(0.01, (self.draft / self.one - 1) / DRAFT), 3),
        )


def measure(settings: LlamaSettings, folder: Path, progress: Callable[[str], None]) -> Layout:
    """The quickest layout for a model on this machine: of threads, then of weights.

    Derived weights go into `folder`. `progress` gets a line for each layout tried. Raises
    `ModelRefused` when the model cannot be run.
    """
    timings: list[Timing] = []

    def try_out(settings: LlamaSettings) -> None:
        timings.append(_time(replace(settings, context_length=CONTEXT)))
        progress(f"  {timings[-1]}")

    for threads in _thread_counts(settings.threads):
        try_out(replace(settings, layout=replace(settings.layout, threads=threads)))
    assert settings.path is not None
    if is_worth_trying(settings.path):
        layout = replace(_best(timings).layout, weights="q8_0")
        derived = replace(settings, layout=layout).with_weights(folder)
        if derived.path != settings.path:
            try_out(derived)
    return _best(timings).finished()


def _best(timings: Iterable[Timing]) -> Timing:
    return min(timings, key=lambda timing: timing.score)


def _thread_counts(most: int) -> list[int]:
    """All first; fewer may be quicker where cores share what they need."""
    return sorted({most, max(1, most // 2)}, reverse=True)


def _time(settings: LlamaSettings) -> Timing:
    from models.llama.library import Context, Model

    assert settings.path is not None
    model = Model(settings.path)
    context = Context(model, settings)
    try:
        tokens = np.arange(PROMPT, dtype=np.int32) % model.vocabulary_size
        prompt = min(_seconds(context, [(0, 0, tokens, 1)]) for _ in range(2))
        context.decode([(0, 0, tokens, 1)])
        for slot in range(1, settings.slots):
            context.duplicate(0, slot)
        row, draft = tokens[:1], tokens[: 1 + DRAFT]
        everyone = [(slot, PROMPT, row, 1) for slot in range(settings.slots)]
        return Timing(
            settings.layout,
            one=min(_seconds(context, [(0, PROMPT, row, 1)]) for _ in range(6)),
            many=min(_seconds(context, everyone) for _ in range(2)),
            draft=min(_seconds(context, [(0, PROMPT, draft, len(draft))]) for _ in range(2)),
            prompt=prompt,
        )
    finally:
        context.close()
        model.close()


def _seconds(context: "Context", parts: list[tuple[int, int, "Tokens", int]]) -> float:
    """One step, which is forgotten afterwards."""
    start = time.perf_counter()
    context.decode(parts)
    seconds = time.perf_counter() - start
    for slot, position, _, _ in parts:
        context.keep(slot, position)
    return seconds


def kept(path: Path, folder: Path) -> Layout | None:
    """What `keep` stored in `folder` for this model, processor and llama.cpp; None if nothing."""
    try:
        return Layout.of(json.loads(_file(path, folder).read_text()))
    except (OSError, ValueError):
        return None


def keep(layout: Layout, path: Path, folder: Path) -> None:
    """Stored whole or not at all."""
    file = _file(path, folder)
    half = file.with_suffix(".part")
    half.write_text(json.dumps(asdict(layout), indent=2))
    half.replace(file)


def _file(path: Path, folder: Path) -> Path:
    here = processor(Path("/proc/cpuinfo").read_text()).fingerprint
    key = sha256(f"{fingerprint(path)} {here} {library_version()}".encode()).hexdigest()[:16]
    return folder / f"layout-{key}.json"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", type=Path, required=True, help="a GGUF file")
    options.add_argument("--sha256", help="what the file must have")
    options.add_argument("--threads", type=int, required=True, help="cores that may be used")
    options.add_argument("--slots", type=int, default=32, help="sequences that run at once")
    options.add_argument("--keep", type=Path, required=True, help="folder for the result")
    given = options.parse_args()
    check(given.model, given.sha256)
    settings = LlamaSettings(
        path=given.model, sha256=given.sha256, threads=given.threads, slots=given.slots
    )
    layout = measure(settings, given.keep, lambda line: print(line, flush=True))
    keep(layout, given.model, given.keep)
    return 0


if __name__ == "__main__":
    sys.exit(main())
