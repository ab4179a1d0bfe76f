"""The thread that owns the context: plan, decode, sample, deliver; one `llama_decode` per step.

Commands come through a queue and are obeyed between two steps. What a step produced leaves in one
piece, so that the listener is woken once per step however many sequences run.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from queue import SimpleQueue
from typing import Final

import numpy as np

from models.errors import EngineError, EngineInterrupted, PromptRefused
from models.llama.library import Context
from models.llama.sampling import Logits
from models.llama.scheduler import Admission, Scheduler, Work
from models.llama.sequence import Sequence, Tokens
from models.llama.settings import LlamaSettings
from models.llama.speculation import NO_DRAFT, lookup
from models.llama.task import Task
from models.pace import Pace
from models.rates import DecayingRate
from models.text.answer import Progress

logger = logging.getLogger(__name__)

MOST_SPECULATING: Final = 4  # sequences: with more, a row of a draft costs what it saves

Delivery = tuple[Task, Progress | EngineError]


class Runner:
    """Computes tasks until `stop`. `deliver` is called in the runner's thread, once per step.

    Methods may be called from any thread; the rates are for reading only.
    """

    def __init__(
        self,
        context: Context,
        settings: LlamaSettings,
        deliver: Callable[[list[Delivery]], None],
    ) -> None:
        layout = settings.layout
        self.prefill_rate = DecayingRate()
        self.decode_rate = DecayingRate()
        self._scheduler = Scheduler(
            settings.slots, settings.step_tokens, self._propose, adjacent=not layout.unified
        )
        self._context = context
        self._deliver = deliver
        self._row_cost = layout.row_cost
        self._speculates = settings.speculate
        self._tasks: dict[Sequence, Task] = {}
        self._commands: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._pace = Pace(settings.step_tokens)
        self._step_began: float | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="llama", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def submit(self, task: Task) -> None:
        self._commands.put(partial(self._submit, task))

    def cancel(self, task: Task) -> None:
        """Nothing more is delivered for it soon; its slot is free before the next step."""
        self._commands.put(partial(self._end, task))

    def stop(self) -> None:
        """Ends every task with `EngineInterrupted`, then the thread; returns when it has ended."""
        self._commands.put(self._stop)
        self._thread.join()

    def running(self) -> list[Sequence]:
        """Those that hold a slot at present, for reading only."""
        return list(self._scheduler.running)

    def is_stuck(self, now: float) -> bool:
        """Whether the present step takes longer than any should. `now` is `time.monotonic()`."""
        began = self._step_began
        return began is not None and now - began > self._pace.limit

    def _run(self) -> None:
        while not self._stopping:
            self._obey()
            if self._scheduler.has_work and not self._stopping:
                self._step_began = time.monotonic()
                self._deliver(self._step_or_fail())
        self._deliver(self._fail(list(self._tasks), "The engine was stopped."))

    def _obey(self) -> None:
        """All commands that came; without work, waits for one."""
        if not self._scheduler.has_work:
            self._step_began = None
            self._commands.get()()
        while not self._commands.empty():
            self._commands.get()()

    def _submit(self, task: Task) -> None:
        self._tasks[task.sequence] = task
        self._scheduler.submit(task.sequence)

    def _end(self, task: Task) -> None:
        if self._tasks.pop(task.sequence, None):
            self._scheduler.remove(task.sequence)

    def _stop(self) -> None:
        self._stopping = True

    def _step_or_fail(self) -> list[Delivery]:
        try:
            return self._step()
        except Exception:  # whatever broke, the thread must live on for those who come next
            logger.exception("A step failed; %d answers break off.", len(self._scheduler.running))
            broken = list(self._scheduler.running)
            self._scheduler.forget()
            self._context.clear()
            return self._fail(broken, "The engine failed while it computed this answer.")

    def _fail(self, sequences: Iterable[Sequence], why: str) -> list[Delivery]:
        tasks = [self._tasks[sequence] for sequence in sequences]
        for task in tasks:
            self._end(task)
        return [(task, EngineInterrupted(why)) for task in tasks]

    def _step(self) -> list[Delivery]:
        began, step = time.monotonic(), self._scheduler.plan()
        for admission in step.admissions:
            self._admit(admission)
        self._context.decode(
            [(w.slot, w.sequence.computed, w.tokens(), w.outputs) for w in step.work]
        )
        read = sum(w.count for w in step.work if not w.sequence.is_decoding)
        logits = self._context.logits()
        progress: list[Delivery] = []
        row = 0
        for work in step.work:
            work.sequence.computed += work.count
            if work.samples:
                progress.append(self._sample(work, logits[row : row + work.outputs]))
                row += work.outputs
        now = time.monotonic()
        self._pace.step(sum(w.count for w in step.work), now - began)
        self.prefill_rate.add(read, now)
        self.decode_rate.add(
            sum(len(p.tokens) for _, p in progress if isinstance(p, Progress)), now
        )
        return progress

    def _admit(self, admission: Admission) -> None:
        reused = admission.sequence.computed
        if admission.source is not None and admission.source != admission.slot:
            self._context.copy(admission.source, admission.slot, reused)
        else:
            self._context.keep(admission.slot, reused)

    def _sample(self, work: Work, logits: Logits) -> Delivery:
        task = self._tasks[work.sequence]
        try:
            progress = task.advance(work.draft, logits)
        except PromptRefused as refusal:  # its grammar became too complex; nobody else's did
            self._end(task)
            return task, refusal
        if len(progress.tokens) < work.outputs:
            self._context.keep(work.slot, work.sequence.computed)
        if progress.finish:
            self._end(task)
        return task, progress

    def _propose(self, sequence: Sequence, decoding: int) -> Tokens:
        """Tokens to try at once: those that a grammar forces, else those that came before."""
        if not self._speculates or decoding > MOST_SPECULATING:
            return NO_DRAFT
        task = self._tasks[sequence]
        if task.constraint and (forced := task.constraint.forced()):
            return np.array(forced, np.int32)
        length = task.acceptance.draft_length(decoding, self._row_cost)
        return lookup(sequence.known_tokens(), length) if length else NO_DRAFT
