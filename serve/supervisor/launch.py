"""Starting and stopping a supervisor, from the foreground, in the background, or by command."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from shutil import rmtree

import psutil

from serve.capacity import large_models
from serve.config import RUN_MARK, ConfigError, Settings, child_environment, secret
from serve.environment import cluster_environment, run_folder
from serve.sections.tiers import TierSettings
from serve.supervisor.child import APP, ROOT, Child
from serve.supervisor.loop import EXIT_TIME, PATIENCE, Supervisor
from serve.supervisor.place import Occupied, Place
from serve.supervisor.processes import belonging, end_all

MEASURE_DEADLINE = 120.0  # seconds
SPARE_TIME = 15.0  # seconds for a supervisor to end its tree after the drain


class CannotStart(Exception):
    """`args[0]` says why and what to do, in one line."""


def prepare(settings: Settings, say: Callable[[str], None]) -> None:
    """What can be said before anything starts. Raises `Occupied` and `CannotStart`."""
    if pid := Place(settings.data).supervisor():
        raise Occupied(pid)
    end_leftovers(settings)
    require_port(settings)
    require_files(settings)
    for line in large_models(settings):
        say(line)
    for tier in settings.tiers.values():
        if tier.engine == "llama" and tier.layout is None:
            measure(settings, tier, say)


def supervise(
    settings: Settings,
    file: Path | None,
    say: Callable[[str], None],
    on_ready: Callable[[], None] = lambda: None,
    command: tuple[str, ...] = APP,
) -> int:
    """Runs until stopped; the exit code. Raises `Occupied` and `CannotStart`."""
    place = Place(settings.data)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold people's prompts
    with place.occupied():
        place.tell("starting", "Starting.", settings.url)
        end_leftovers(settings)
        require_port(settings)
        log = place.logger()
        environment = child_environment(settings, file) | cluster_environment(settings)

        def told(detail: str) -> None:
            log.info("%s", detail)
            say(detail)

        try:
            app = partial(Child, command, environment, log)
            return Supervisor(settings, app, told, on_ready).run()
        finally:
            rmtree(run_folder(settings), ignore_errors=True)


def detach(settings: Settings, file: Path | None) -> subprocess.Popen[bytes]:
    """A supervisor in the background, in a session of its own."""
    place = Place(settings.data)
    place.log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(place.log_file.with_name("supervisor.log"), "wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "serve.supervisor"],
            env=child_environment(settings, file),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def wait_until_ready(
    settings: Settings, supervisor: subprocess.Popen[bytes], say: Callable[[str], None]
) -> bool:
    """Tells what the supervisor tells until it is ready (True) or has ended."""
    place, told = Place(settings.data), ""
    while supervisor.poll() is None:
        state = place.state()
        if state.pid == supervisor.pid and state.detail != told:
            told = state.detail
            say(told)
            if state.phase == "ready":
                return True
        time.sleep(0.1)
    return False


def stop(settings: Settings, say: Callable[[str], None]) -> bool:
    """Ends the appliance, whether or not its supervisor lives. False if something remains."""
    place = Place(settings.data)
    deadline = time.monotonic() + settings.gateway.drain_seconds + EXIT_TIME + SPARE_TIME
    if pid := place.supervisor():
        say("Stopping; answers that are under way may finish.")
        os.kill(pid, signal.SIGTERM)
    while place.supervisor() and time.monotonic() < deadline:
        time.sleep(0.1)
    if end_leftovers(settings):
        return False
    rmtree(run_folder(settings), ignore_errors=True)  # looking for them has made it again
    if settings.data.is_dir():
        place.tell("stopped", "Stopped.", settings.url)
    return True


def end_leftovers(settings: Settings) -> list[psutil.Process]:
    """Ends what a supervisor that was killed left behind. Returns what will not go."""
    return end_all(lambda: processes_of(settings), PATIENCE)


def processes_of(settings: Settings) -> list[psutil.Process]:
    """Every process of this data directory's appliance but this one."""
    return belonging(RUN_MARK, str(settings.data), run_folder(settings))


def require_port(settings: Settings) -> None:
    """Raises `CannotStart` when somebody else listens on our port."""
    try:
        socket.create_server((settings.host, settings.port)).close()
    except OSError as exc:
        raise CannotStart(
            f"Port {settings.port} cannot be used ({exc.strerror}){_holder(settings.port)}: "
            f"end what uses it, or choose another with --port."
        ) from exc


def require_files(settings: Settings) -> None:
    """Raises `CannotStart` when keys or secrets cannot be read: nothing ever starts open."""
    from serve.ledger.database import DatabaseRefused, connect

    try:
        connect(settings.database).close()
        cluster_environment(settings)
        secret(settings.tracing.headers_from)
    except (DatabaseRefused, ConfigError) as exc:
        raise CannotStart(str(exc.args[0])) from exc
    except OSError as exc:
        raise CannotStart(f"{exc.filename}: {exc.strerror}. Mend it, or choose --home.") from exc


def _holder(port: int) -> str:
    """Which process listens there, as far as this user may know."""
    for connection in psutil.net_connections("tcp"):
        if connection.laddr and connection.laddr.port == port and connection.pid:
            return f", used by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""


def measure(settings: Settings, tier: TierSettings, say: Callable[[str], None]) -> None:
    """Has the machine measured for the tier's model, once; a failure costs only speed."""
    from models.llama.settings import BUNDLED_SHA256, ENVIRONMENT, bundled_model
    from models.llama.tuning import kept

    path, keep = tier.path or bundled_model(), settings.data / "kept"
    if not path.is_file() or kept(path, keep) is not None:
        return
    say(f"Measuring how {tier.model} runs best here (once, some ten seconds).")
    keep.mkdir(mode=0o700, parents=True, exist_ok=True)
    threads = str(tier.threads or len(os.sched_getaffinity(0)))
    variables = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
    tuning = ["env", *variables, sys.executable, "-m", "models.llama.tuning", "--model", str(path)]
    if sha256 := tier.sha256 if tier.path else BUNDLED_SHA256:
        tuning += ["--sha256", sha256]
    try:
        subprocess.run(
            [*tuning, "--threads", threads, "--keep", str(keep)],
            cwd=ROOT,
            timeout=MEASURE_DEADLINE,
            check=True,
        )
    except subprocess.SubprocessError:
        say("The measurement failed; safe defaults are used.")
