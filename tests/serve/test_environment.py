"""What the processes of one appliance are told."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from serve.config import Settings
from serve.environment import cluster_environment, ray_token, run_folder
from serve.loopback import EXCEPTION, library

LISTEN = """
import socket, sys
family, only, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if family == "6" else socket.AF_INET)
if family == "6":
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
s.bind(("::" if family == "6" else "0.0.0.0", port))
s.listen()
print(s.getsockname()[0])
"""


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    chosen = Settings.model_validate({"home": tmp_path / "home", "port": 18999})
    yield chosen
    rmtree(run_folder(chosen), ignore_errors=True)


def listens_on(preload: Path, *arguments: str, public: str = "1") -> str:
    environment = os.environ | {"LD_PRELOAD": str(preload), EXCEPTION: public}
    command = [sys.executable, "-c", LISTEN, *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("arguments", "address"),
    [
        (("4", "0", "0"), "127.0.0.1"),
        (("6", "0", "0"), "::ffff:127.0.0.1"),
        (("6", "1", "0"), "::1"),
    ],
)
def test_listening_everywhere_becomes_listening_on_loopback(
    tmp_path: Path, arguments: tuple[str, ...], address: str
) -> None:
    built = library(tmp_path)
    assert built is not None
    assert listens_on(built, *arguments) == address


def test_the_public_port_is_left_alone(tmp_path: Path) -> None:
    built = library(tmp_path)
    assert built is not None
    assert listens_on(built, "4", "0", "28997", public="28997") == "0.0.0.0"


def test_the_library_is_built_once(tmp_path: Path) -> None:
    first = library(tmp_path)
    assert first is not None
    made = first.stat().st_mtime_ns
    assert library(tmp_path) == first
    assert first.stat().st_mtime_ns == made


def test_the_ray_token_is_private_and_stays(settings: Settings) -> None:
    token = ray_token(settings)
    assert ray_token(settings) == token
    assert (settings.data / "ray-token").stat().st_mode & 0o077 == 0


def test_two_data_directories_share_no_run_folder(settings: Settings, tmp_path: Path) -> None:
    other = Settings.model_validate({"home": tmp_path / "other"})
    folders = [run_folder(settings), run_folder(other)]
    assert folders[0] != folders[1]
    assert all(f.stat().st_mode & 0o077 == 0 for f in folders)
    folders[1].rmdir()


def test_two_appliances_share_no_inner_port(settings: Settings) -> None:
    port = "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT"
    assert cluster_environment(settings)[port] != cluster_environment(settings)[port]


def test_sockets_of_haproxy_have_short_enough_paths(settings: Settings) -> None:
    environment = cluster_environment(settings)
    longest = max(len(v) for k, v in environment.items() if k.endswith("SOCKET_PATH"))
    assert longest + 57 <= 97


def test_ray_is_told_to_be_private(settings: Settings) -> None:
    environment = cluster_environment(settings)
    assert environment["RAY_AUTH_MODE"] == "token"
    assert len(environment["RAY_AUTH_TOKEN"]) == 64
    assert environment["RAY_USAGE_STATS_ENABLED"] == "0"


def test_an_haproxy_that_is_replaced_may_finish_the_longest_answer(settings: Settings) -> None:
    hard_stop = int(cluster_environment(settings)["RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S"])
    assert hard_stop > settings.deadlines.answer
