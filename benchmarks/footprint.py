"""How long a second start takes, and what each process then holds.

    python benchmarks/footprint.py [--rounds 3]

Every round starts the appliance with `scripts/up` on a data directory that was used before, and
waits for the first token of a streamed chat. Memory is read when all parts are up: resident, and
proportional (PSS: a page that n processes share counts 1/n in each; only PSS adds up).
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.gateway import free_port
from benchmarks.report import conditions, save
from serve.config import Settings
from serve.supervisor.launch import processes_of

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ("EngineReplica", "EmbedderReplica")


def hearth(*arguments: str) -> str:
    """What the command says; `up` by way of scripts/up, as an owner starts it."""
    up = arguments[0] == "up"
    command = [str(ROOT / "scripts" / "up")] if up else [sys.executable, "-m", "serve", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=True
    )
    return done.stdout


def first_token(settings: Settings, key: str) -> None:
    body = {
        "model": "small",
        "stream": True,
        "max_tokens": 4,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    headers = {"authorization": f"Bearer {key}"}
    with httpx.stream(
        "POST", f"{settings.url}/v1/chat/completions", json=body, headers=headers, timeout=60
    ) as response:
        response.raise_for_status()
        next(line for line in response.iter_lines() if '"content":"' in line)


def embedder_is_up(settings: Settings, key: str) -> bool:
    body = {"model": settings.embedder.model, "input": "Hello"}
    headers = {"authorization": f"Bearer {key}"}
    url = f"{settings.url}/v1/embeddings"
    return httpx.post(url, json=body, headers=headers, timeout=60).status_code == 200


def process_name(process: psutil.Process) -> str:
    line = " ".join(process.cmdline())
    known = re.search(
        r"ray::(?:ServeReplica:)?([\w:-]+)|(gcs_server|raylet|haproxy) |-m (\S+)", line
    )
    return str(known[known.lastindex or 0]) if known else line[:30]


def memory(settings: Settings) -> list[dict[str, Any]]:
    """Megabytes of every process of the appliance, the largest first."""
    rows = []
    for process in processes_of(settings):
        held, name = process.memory_full_info(), process_name(process)
        rows.append({"process": name, "rss": held.rss >> 20, "pss": held.pss >> 20})
    return sorted(rows, key=lambda row: -int(row["pss"]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    under = conditions()
    with tempfile.TemporaryDirectory(prefix="hearth-footprint-") as home:
        os.environ["HEARTH_HOME"], os.environ["HEARTH_PORT"] = home, str(free_port())
        settings = Settings()
        hearth("up")
        key = json.loads(hearth("keys", "create", "footprint", "--json"))["key"]
        seconds = []
        for _ in range(options.rounds):
            hearth("down")
            start = time.perf_counter()
            hearth("up")
            first_token(settings, key)
            seconds.append(time.perf_counter() - start)
        while not embedder_is_up(settings, key):
            time.sleep(0.5)
        rows = memory(settings)
        hearth("down")
    show(seconds, rows)
    print(save("footprint", under | {"seconds to first token": seconds, "memory": rows}))


def show(seconds: list[float], rows: list[dict[str, Any]]) -> None:
    print(f"second start to first token: {statistics.median(seconds):.1f} s (median)")
    print(f"{'MB':32}{'resident':>10}{'PSS':>8}")
    for row in rows:
        print(f"{row['process']:32}{row['rss']:10}{row['pss']:8}")
    rest = [row for row in rows if not any(name in row["process"] for name in ENGINES)]
    for name, part in (("all", rows), ("without engine and embedder", rest)):
        print(f"{name:32}{sum(r['rss'] for r in part):10}{sum(r['pss'] for r in part):8}")


if __name__ == "__main__":
    main()
