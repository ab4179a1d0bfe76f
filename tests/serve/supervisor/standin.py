"""Stands in for `python -m serve.app`: says its states, answers HTTP, and misbehaves on demand.

`python standin.py PORT FOLDER [WISH...]` with wishes: `die-at-start`, `fail-at-start`,
`fail-later`, `ignore-term`, `no-model`, `orphan` (leaves a sleeping grandchild, in a session of its
own).
"""

import json
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar


class Answers(BaseHTTPRequestHandler):
    status = 200
    small: ClassVar = {"state": "ready"}

    def do_GET(self) -> None:
        body = json.dumps({"ready": self.status == 200, "tiers": {"small": self.small}}).encode()
        self.send_response(self.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def say(state: str, detail: str) -> None:
    print(json.dumps({"state": state, "detail": detail}), flush=True)


def main(port: str, folder: str, *wishes: str) -> int:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: "ignore-term" in wishes or stop.set())
    with open(Path(folder) / "starts", "a") as starts:
        starts.write(f"{os.getpid()}\n")
    say("starting", "Loading the engines.")
    if "die-at-start" in wishes:
        return 3
    if "fail-at-start" in wishes:
        say("failed", "small deploy_failed")
        stop.wait()
    if "orphan" in wishes:
        subprocess.Popen(["setsid", "--fork", "sleep", "300"])
    if "no-model" in wishes:
        Answers.status = 503
        Answers.small = {"state": "failed", "reason": "The file is not there."}
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("standin: a line of the log", file=sys.stderr, flush=True)
    print("standin: not a state", flush=True)
    say("ready", "small running")
    if "fail-later" in wishes and not stop.wait(1):
        say("failed", "The Ray head stopped.")
    stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
