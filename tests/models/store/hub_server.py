"""A Hub of one repository, that can fail in the ways of the real one."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

REPOSITORY = "acme/tiny"
COMMIT = "c" * 40


@dataclass
class FakeHub:
    """`drop_after`: bytes of an answer after which the connection ends, by file, once each."""

    files: dict[str, bytes]
    url: str = ""
    commit: str = COMMIT
    drop_after: dict[str, list[int]] = field(default_factory=dict)
    busy: dict[str, int] = field(default_factory=dict)
    """How many times a file is refused with a 503 first."""
    ranges: bool = True
    status: int = 200
    altered: bytes | None = None
    """What comes instead of any large file."""
    asked: list[tuple[str, int]] = field(default_factory=list)
    """File, and the byte from which it was asked for."""
    tokens: list[str | None] = field(default_factory=list)

    def info(self) -> bytes:
        siblings = [sibling(name, content) for name, content in self.files.items()]
        tags = ["region:us", "license:apache-2.0"]
        return json.dumps({"sha": self.commit, "siblings": siblings, "tags": tags}).encode()


def sibling(name: str, content: bytes) -> dict[str, object]:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    large = name.endswith((".gguf", ".safetensors"))
    lfs = {"lfs": {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}}
    return {"rfilename": name, "size": len(content), "blobId": blob} | (lfs if large else {})


class Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def do_GET(self) -> None:
        hub = self.hub
        hub.tokens.append(self.headers["Authorization"])
        if hub.status != 200:
            self.answer(hub.status, b"")
        elif self.path.startswith(f"/api/models/{REPOSITORY}/revision/"):
            self.answer(200, hub.info())
        elif self.path.startswith(f"/{REPOSITORY}/resolve/{hub.commit}/"):
            self.file(hub, self.path.rsplit("/", 1)[1])
        else:
            self.answer(404, b"")

    def file(self, hub: FakeHub, name: str) -> None:
        asked = self.headers["Range"]
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        hub.asked.append((name, start))
        if hub.busy.get(name):
            hub.busy[name] -= 1
            return self.answer(503, b"")
        content = hub.files[name]
        if hub.altered is not None and name.endswith((".gguf", ".safetensors")):
            content = hub.altered
        start = start if hub.ranges else 0
        drops = hub.drop_after.get(name)
        end = start + drops.pop(0) if drops else len(content)
        return self.answer(206 if start else 200, content[start:], content[start:end])

    def answer(self, status: int, promised: bytes, sent: bytes | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(promised)))
        self.end_headers()
        self.wfile.write(promised if sent is None else sent)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[FakeHub]:
    hub = FakeHub(files)
    handler = type("HandlerOfHub", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
