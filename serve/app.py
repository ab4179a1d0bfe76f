"""The wiring, read from top to bottom: settings -> Ray -> Serve applications -> a watch.

`python -m serve.app` is what the supervisor runs, with `serve.environment.cluster_environment`.
It prints one JSON line per change of state, drains on SIGTERM (exit 0), and exits with 1 when
the head dies.
"""

import json
import signal
import sys
import threading
import time
from collections.abc import Collection
from pathlib import Path
from shutil import rmtree
from typing import Any

import psutil
import ray
from ray import serve
from ray.serve.api import RunTarget
from ray.serve.config import HTTPOptions
from ray.serve.schema import ApplicationStatus, LoggingConfig, ServeStatus

from serve.config import Settings, load
from serve.deployments import (
    CacheReplica,
    ChatPage,
    EmbedderReplica,
    EngineReplica,
    Gateway,
    LibraryReplica,
    LimitsReplica,
)
from serve.environment import run_folder
from serve.proxies import CACHE_APP, EMBEDDER_APP, LIBRARY_APP, LIMITS_APP, tier_app
from serve.sections.tiers import TierSettings
from serve.specs import embedder_spec, engine_spec, gpus_of

GATEWAY_APP = "gateway"
PAGE_APP = "page"
OBJECT_STORE = 80_000_000  # bytes; nothing large travels through it
KEPT_SESSIONS = 3
MANY = 100_000  # the gateway decides who waits, not Serve
# Seconds. A frozen process has missed three in a row after 13; 30 are to be enough to replace it,
# of which a new process takes 3 to 9 on two busy cores, before it loads a model.
HEALTH_TIMEOUT = 4
DRAIN_PERIOD = 0.2  # seconds between looks at gateways that finish
WATCH_PERIOD = 0.5  # seconds between looks at the head
STATUS_PERIOD = 5.0  # seconds between questions to Serve, once ready: each costs 50 ms of a core
QUIET = LoggingConfig(log_level="WARNING", enable_access_log=False)  # receipts tell more
HEAD = {"gcs_server", "raylet"}
# Ray starts these whatever it is told: an autoscaler, a dashboard without a page, a forwarder of
# logs to a driver that wants none. Together they are 270 MB.
NEEDLESS = ("_private/monitor.py", "dashboard/dashboard.py", "_private/log_monitor.py")


def main() -> int:
    settings = load()
    say("starting", "Starting Ray.")
    start_ray(settings)
    stop = threading.Event()
    # After Ray, which puts handlers of its own there, and dies of SIGTERM at once.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    say("starting", "Loading the engines.")
    serve.run_many(applications(settings), wait_for_applications_running=False)
    code = watch(stop, later_applications(settings))
    if code == 0:
        say("stopping", "Finishing the answers that are under way.")
        drain()
        serve.shutdown()  # type: ignore[no-untyped-call]
    return code


def drain() -> None:
    """The gateways end before what they need: each takes nothing new and finishes what it has, for
    `gateway.drain_seconds` at most. Serve alone would end everything at once, the proxy first.
    """
    serve.delete(GATEWAY_APP, _blocking=False)
    while GATEWAY_APP in serve.status().applications:
        time.sleep(DRAIN_PERIOD)


def say(state: str, detail: str) -> None:
    print(json.dumps({"state": state, "detail": detail}), flush=True)


def start_ray(settings: Settings) -> None:
    folder = run_folder(settings) / "ray"
    forget_old_sessions(folder)
    ray.init(
        address="local",
        namespace="hearth",
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=OBJECT_STORE,
        _node_ip_address="127.0.0.1",
        _temp_dir=str(folder),
    )
    for process in psutil.Process().children():
        if any(part in " ".join(process.cmdline()) for part in NEEDLESS):
            process.terminate()
    serve.start(http_options=HTTPOptions(host=settings.host, port=settings.port))


def forget_old_sessions(folder: Path) -> None:
    """Ray keeps every session's logs for ever; the last ones are enough to see why it died."""
    sessions = sorted(p for p in folder.glob("session_*") if not p.is_symlink())
    for session in sessions[: -KEPT_SESSIONS + 1]:
        rmtree(session, ignore_errors=True)


def applications(settings: Settings) -> list[RunTarget]:
    """What is deployed, each on its own: a tier that fails takes nothing else with it."""
    targets = _tiers(settings, first_tiers(settings))
    if settings.shares_cache:
        cache = _shell(settings, CacheReplica, health_check_period_s=1).bind(settings)
        targets.append(RunTarget(cache, CACHE_APP, route_prefix=None))
    if settings.shares_limits:
        limits = _shell(settings, LimitsReplica, health_check_period_s=1).bind()
        targets.append(RunTarget(limits, LIMITS_APP, route_prefix=None))
    targets.append(RunTarget(_gateway(settings), GATEWAY_APP, route_prefix="/"))
    if settings.ui.enabled:
        page = _shell(settings, ChatPage).bind(settings)
        targets.append(RunTarget(page, PAGE_APP, route_prefix="/ui"))
    return targets


def later_applications(settings: Settings) -> list[RunTarget]:
    """What starts once tokens can be produced, and would only delay them before."""
    targets = _tiers(settings, set(settings.tiers) - first_tiers(settings))
    if settings.embedder.engine != "none":
        embedder = _shell(settings, EmbedderReplica).bind(embedder_spec(settings))
        targets.insert(0, RunTarget(embedder, EMBEDDER_APP, route_prefix=None))
    if settings.has_library:
        library = _shell(settings, LibraryReplica).bind(settings)
        targets.insert(0, RunTarget(library, LIBRARY_APP, route_prefix=None))
    return targets


def first_tiers(settings: Settings) -> set[str]:
    """Those that answer within seconds; a model that loads for minutes would only slow them."""
    slow = {name for name, tier in settings.tiers.items() if tier.engine == "vllm"}
    return set(settings.tiers) - slow or slow


def _tiers(settings: Settings, names: Collection[str]) -> list[RunTarget]:
    return [
        RunTarget(_engine(settings, tier), tier_app(name), route_prefix=None)
        for name, tier in settings.tiers.items()
        if name in names and not tier.remote
    ]


def watch(stop: threading.Event, later: list[RunTarget]) -> int:
    """Tell of every change, until told to stop (0) or the head is gone (1).

    `later` is deployed when the appliance is ready for the first time.
    """
    head = [p for p in psutil.Process().children() if p.name() in HEAD]
    told, ask_at = ("", ""), 0.0
    while not stop.wait(WATCH_PERIOD):
        if not all(_runs(process) for process in head):
            say("failed", "The Ray head stopped.")
            return 1
        if time.monotonic() < ask_at:
            continue
        now = condition(serve.status())
        ask_at = time.monotonic() + (STATUS_PERIOD if now[0] == "ready" else 0)
        if now != told:
            say(*now)
            told = now
        if later and now[0] == "ready":
            serve.run_many(later, wait_for_applications_running=False)
            later = []
    return 0


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def condition(status: ServeStatus) -> tuple[str, str]:
    """State and detail in words: ready while the gateway and one tier run."""
    states = {name: app.status for name, app in status.applications.items()}
    running = {name for name, state in states.items() if state == ApplicationStatus.RUNNING}
    failed = {name for name, state in states.items() if state == ApplicationStatus.DEPLOY_FAILED}
    detail = ", ".join(f"{name} {state.lower()}" for name, state in sorted(states.items()))
    tiers = {name for name in states if name.startswith(tier_app(""))}
    if GATEWAY_APP in running and tiers & running:
        return "ready", detail
    if GATEWAY_APP in failed or (tiers and tiers <= failed):
        return "failed", detail
    return "starting", detail


def _gateway(settings: Settings) -> serve.Application:
    folder = run_folder(settings) / "metrics"
    rmtree(folder, ignore_errors=True)
    folder.mkdir()
    gateway = _shell(
        settings,
        Gateway,
        num_replicas=settings.gateway.replicas,
        environment={"PROMETHEUS_MULTIPROC_DIR": str(folder)},
    )
    return gateway.bind(settings, folder)


def _shell(
    settings: Settings,
    shell: type,
    environment: dict[str, str] | None = None,
    gpus: int = 0,
    **options: Any,
) -> serve.Deployment:
    """A deployment that takes no share of Ray's cores: they are given out as threads."""
    runtime = {"env_vars": environment or {}}
    deployment = serve.deployment(
        name=shell.__name__,
        ray_actor_options={"num_cpus": 0, "num_gpus": gpus, "runtime_env": runtime},
        graceful_shutdown_timeout_s=settings.gateway.drain_seconds,
        max_ongoing_requests=MANY,
        logging_config=QUIET,
        **options,
    )
    return deployment(shell)


def _engine(settings: Settings, tier: TierSettings) -> serve.Application:
    engine = _shell(
        settings,
        EngineReplica,
        gpus=gpus_of(tier),
        num_replicas=tier.replicas,
        health_check_period_s=1,
        health_check_timeout_s=HEALTH_TIMEOUT,
    )
    return engine.bind(engine_spec(settings, tier), run_folder(settings))


if __name__ == "__main__":
    sys.exit(main())
