"""The supervisor: start, watch, start again, stop.

     starting ──ready──▶ watching ──died or hangs──▶ waiting ──▶ starting
        │                                                            │
        └── never became ready: failed            any time: SIGTERM, SIGINT ──▶ stopping

One thread, one wait: the signals that matter are blocked and taken with sigtimedwait(2), so a
child's death, a request to stop and the next look are the same event.
"""

import signal
import time
from collections.abc import Callable

from serve.config import Settings
from serve.supervisor import probe
from serve.supervisor.backoff import Backoff, Vigil
from serve.supervisor.child import Child
from serve.supervisor.place import Phase, Place
from serve.supervisor.processes import become_subreaper, descendants, end_all, reap

STOP = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
TICK = 0.25  # seconds between looks while starting
WATCH = 2.0  # seconds between looks once ready
EXIT_TIME = 15.0  # seconds beyond the drain for the child to leave by itself
START_ATTEMPTS = 2  # before the first time that it is ready
PATIENCE = 3.0  # seconds for what has nothing to finish


class Supervisor:
    """Runs the appliance of `settings`; `say` tells a person, `on_ready` is called once."""

    def __init__(
        self,
        settings: Settings,
        start: Callable[[], Child],
        say: Callable[[str], None],
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._place = Place(settings.data)
        self._start = start
        self._say = say
        self._on_ready = on_ready
        self._backoff = Backoff()
        self._was_ready = False
        self._stop_asked = False

    def run(self) -> int:
        """0 after a stop, 1 when the appliance never became ready. Nothing is left running.

        The caller holds the place's lock, and no other thread has been started.
        """
        become_subreaper()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP | {signal.SIGCHLD})
        while (problem := self._one_life()) is not None:
            delay = self._backoff.after(self._lived)
            if not self._was_ready and self._backoff.failures >= START_ATTEMPTS:
                self._tell("failed", problem)
                return 1
            self._tell("starting", f"{problem} Starting again in {delay:.0f} s.")
            if self._stop_asked or _next_signal(delay, STOP):
                break
        self._tell("stopped", "Stopped.")
        return 0

    def _one_life(self) -> str | None:
        """From a start to its end: why it ended, None when that was asked for."""
        child = self._start()
        vigil = Vigil(self._settings.deadlines.start)
        patience = PATIENCE
        try:
            problem = self._watch(child, vigil)
            if problem is None:
                self._tell("stopping", "Finishing the answers that are under way.")
                patience = self._settings.gateway.drain_seconds + EXIT_TIME
        finally:
            self._lived = child.uptime if vigil.ready else 0.0
            self._end(child, patience)
        return problem

    def _watch(self, child: Child, vigil: Vigil) -> str | None:
        """Waits for whatever comes first: a signal, the child's end, the next look."""
        look_at = time.monotonic()
        while True:
            number = _next_signal(max(0.0, look_at - time.monotonic()), STOP | {signal.SIGCHLD})
            if number in STOP:
                return None
            reap(spared=child.pid)
            self._listen(child, vigil)
            if (code := child.exit_code()) is not None:
                return f"The appliance ended ({_exit_words(code)})."
            if time.monotonic() < look_at and vigil.failed is None:
                continue
            if problem := vigil.problem(child.uptime) or self._look(vigil):
                return problem
            look_at = time.monotonic() + (WATCH if vigil.ready else TICK)

    def _listen(self, child: Child, vigil: Vigil) -> None:
        for state, detail in child.heard():
            vigil.said(state, detail)
            if not vigil.ready:
                self._tell("starting", detail)

    def _look(self, vigil: Vigil) -> str | None:
        """Asks over HTTP. Returns why the child must be replaced, if so."""
        url, page = self._settings.url, self._settings.ui.enabled
        if vigil.ready:
            return vigil.answered(probe.get(url, probe.LIVE, timeout=5.0)[0] == 200)
        if not vigil.expects_ready:
            return None
        if probe.is_ready(url, page):
            vigil.ready = True
            self._tell("ready", f"Ready at {url}")
            self._celebrate()
            return None
        hopeless = probe.hopeless(url)
        return hopeless and f"No model can be loaded ({hopeless})."

    def _celebrate(self) -> None:
        if not self._was_ready:
            self._was_ready = True
            self._on_ready()

    def _end(self, child: Child, patience: float) -> None:
        """Gives it `patience` seconds to leave, then ends whatever is left of the tree."""
        child.ask_to_stop()
        deadline = time.monotonic() + patience
        while child.exit_code() is None and time.monotonic() < deadline:
            if _next_signal(TICK, STOP | {signal.SIGCHLD}) in STOP:
                self._stop_asked = True
                break
        for process in end_all(descendants, PATIENCE):
            self._say(f"Process {process.pid} does not end.")
        reap(spared=0)

    def _tell(self, phase: Phase, detail: str) -> None:
        self._place.tell(phase, detail, self._settings.url)
        self._say(detail)


def _next_signal(timeout: float, among: frozenset[signal.Signals]) -> int | None:
    taken = signal.sigtimedwait(among, timeout)
    return taken.si_signo if taken else None


def _exit_words(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
