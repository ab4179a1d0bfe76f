"""HAProxy's configuration as Ray Serve writes it, made fit to face clients.

Serve has settings for the binary but not for these: how long a request's head may take, errors
in OpenAI's shape, a request that outlives its gateway, no statistics page, no list of routes. So
the binary that Serve is given is a launcher (`write_launcher`) that runs this file, which rewrites
the configuration and becomes HAProxy. It uses nothing but the standard library, so that it starts
in a few milliseconds.

What HAProxy 2.8 answers before it has a request (400 for broken HTTP, 408 for a head that does
not arrive) is its own HTML: no setting reaches that.
"""

import json
import os
import re
import sys
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

MESSAGES = {
    408: ("The request did not arrive in time.", "request_timeout"),
    500: ("Something went wrong inside the appliance.", "internal_error"),
    502: ("The appliance stopped while it answered. Try again.", "engine_interrupted"),
    503: ("The appliance is starting or stopping. Try again.", "no_healthy_backend"),
    504: ("The answer did not come before its deadline.", "deadline_exceeded"),
}
NOT_FOUND = ("There is nothing at this URL.", "unknown_url")
RETRY_AFTER = 2  # seconds
UNWATCHED = "x-request-disconnect-disabled"
SERVE_HEADERS = (
    "x-request-id",
    "x-request-timeout-seconds",
    UNWATCHED,
    "x-session-id",
    "serve_multiplexed_model_id",
)
STAND_IN = "SERVE_PROXY_ACTOR"  # how Serve names it
PAGE = "/ui"
CLIENT = "x-hearth-client"  # the address of whoever is connected, whatever they say it is


class Deadlines(NamedTuple):
    """Seconds: for a request's head, for its body, for a client that is silent."""

    head: int
    body: int
    idle: int


def harden(config: str, folder: Path, deadlines: Deadlines) -> str:
    """The same routing, with deadlines, JSON errors and no doors that nobody needs.

    `folder` holds the error files.
    """
    config = _without_sections(config, "frontend prometheus", "listen stats")
    config = re.sub(r"^ *(errorfile|timeout client) .*\n", "", config, flags=re.M)
    config = re.sub(r"^ *http-request return .*(?= if routes\n)", _not_found(), config, flags=re.M)
    config = re.sub(
        r"(?<=^backend default_backend\n) *http-request return .*", _not_found(), config, flags=re.M
    )
    config = config.replace(" mode 666 ", " mode 600 ")
    config = re.sub(
        r"(?<=^frontend http_frontend\n)(.*bind .*\n)",
        rf"\1{_frontend(deadlines)}",
        config,
        flags=re.M,
    )
    rules = [f"timeout http-request {deadlines.head}s", f"timeout client {deadlines.idle}s"]
    rules += [f"errorfile {status} {_error_file(folder, status)}" for status in MESSAGES]
    return config.replace("    mode http\n", "    ".join(["", "mode http\n", *_lines(rules)]), 1)


def _lines(rules: list[str]) -> list[str]:
    return [f"{rule}\n" for rule in rules]


def _without_sections(config: str, *titles: str) -> str:
    for title in titles:
        config = re.sub(rf"^{re.escape(title)}\n(?:[ \t].*\n|\n)*", "", config, flags=re.M)
    return config


def _frontend(deadlines: Deadlines) -> str:
    """Serve's private headers stay out, but for one of ours: that it need not watch, with two tasks
    and a queue for every request, whether the client is still there, as gateways do that
    themselves. One request id, ours: Serve adds a second.

    HAProxy can ask a second gateway (`retry-on empty-response`) only for what it has whole in
    its buffer. Who asks before sending a body (Expect) is answered by the gateway.
    """
    rules = [f"http-request del-header {name}" for name in SERVE_HEADERS]
    rules += [
        f"http-request set-header {CLIENT} %[src]",
        f"http-request set-header {UNWATCHED} ?1 unless {{ path_beg {PAGE} }}",
        f"http-request wait-for-body time {deadlines.body}s if !{{ req.hdr(expect) -m found }}",
        "http-response set-header x-request-id %[res.fhdr(x-request-id,1)]"
        " if { res.fhdr(x-request-id) -m found }",
        "http-response del-header server",
        # Serve's own proxy stands in where no gateway is left: it knows no path then, or asks one
        # that has just died. What gateways say through it is never plain text with these.
        "http-response return status 503 default-errorfiles if { status 404 500 503 }"
        f" {{ srv_name -m beg {STAND_IN} }} {{ res.hdr(content-type) -m beg text/plain }}",
    ]
    return "    ".join(["", *_lines(rules)])


def _not_found() -> str:
    body = _body(404, *NOT_FOUND).replace('"', '\\"')
    answer = f'status 404 content-type application/json string "{body}"'
    return f"    http-request return {answer}".replace("\\", "\\\\")


def _body(status: int, message: str, code: str) -> str:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


def _error_file(folder: Path, status: int) -> Path:
    return folder / f"{status}.http"


def write_error_files(folder: Path) -> None:
    """Whole responses: HAProxy sends them as they are when it has no request to answer."""
    for status, words in MESSAGES.items():
        body = _body(status, *words)
        retry = f"retry-after: {RETRY_AFTER}\r\n" if status == 503 else ""
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n{retry}"
            f"x-request-id: req_edge\r\n\r\n"
        )
        _error_file(folder, status).write_text(head + body, newline="")


def write_launcher(folder: Path, haproxy: str, deadlines: Deadlines) -> Path:
    """An executable that starts `haproxy` on the hardened configuration."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_error_files(folder)
    launcher = folder / "haproxy"
    interpreter = f'"{sys.executable}" -I -S "{__file__}"'
    told = " ".join(map(str, deadlines))
    command = f'{interpreter} "{haproxy}" "{folder}" {told}'
    launcher.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    launcher.chmod(0o700)
    return launcher


def main(haproxy: str, folder: str, head: str, body: str, idle: str, *options: str) -> None:
    """Become HAProxy. `options` are what Serve gave, with `-f FILE` among them."""
    at = options.index("-f") + 1
    original = Path(options[at])
    hardened = original.with_name("hardened.cfg")
    deadlines = Deadlines(int(head), int(body), int(idle))
    hardened.write_text(harden(original.read_text(), Path(folder), deadlines))
    os.execv(haproxy, [haproxy, *options[:at], str(hardened), *options[at + 1 :]])


if __name__ == "__main__":
    main(*sys.argv[1:])
