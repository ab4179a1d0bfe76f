"""What filters find of labelled personal data, what they cost, and what they hold back.

    python benchmarks/filters.py --pii FILE [FILE ...] --text FILE

`--pii`: JSON lists of objects with `full_text` and `spans` (`entity_type`, `start_position`,
`end_position`), as Presidio's generator writes them. A place counts as found when one of its kind
overlaps it; what is found where no place of its kind is labelled counts against the precision.
`--text`: prose that is cut into chunks of a few characters, as tokens come. Times are of the
processor, with the fastest of several rounds.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import conditions, save
from index.answers.pictures import PictureFilter
from models.engine import Chunk
from serve.policy.filters.forms import forms_of
from serve.policy.filters.kinds import SPANS, Kind
from serve.policy.filters.outgoing import Outgoing
from serve.policy.filters.scanner import Found, scan, whole
from serve.sections.filters import BUILT_IN

KINDS: dict[str, Kind] = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "DOMAIN_NAME": "url",
    "URL": "url",
    "US_SSN": "national_id",
}
CHUNKS = 8000
ROUNDS = 5

Place = tuple[str, int, int]


def found(text: str) -> list[Place]:
    at, places = 0, list[Place]()
    for piece in whole(scan(text, forms_of(SPANS))):
        length = len(piece.text if isinstance(piece, Found) else piece)
        if isinstance(piece, Found):
            places.append((piece.kind, at, at + length))
        at += length
    return places


def among(place: Place, others: Sequence[Place]) -> bool:
    kind, start, end = place
    return any(kind == k and start < e and s < end for k, s, e in others)


def quality(file: Path) -> dict[str, dict[str, Any]]:
    """By kind; labels that are no kind of ours under their own name, never found."""
    labelled, recalled, given, right = (
        Counter[str](),
        Counter[str](),
        Counter[str](),
        Counter[str](),
    )
    for sample in json.loads(file.read_text()):
        ours = found(sample["full_text"])
        theirs = [
            (KINDS.get(s["entity_type"], s["entity_type"]), s["start_position"], s["end_position"])
            for s in sample["spans"]
        ]
        labelled.update(kind for kind, _, _ in theirs)
        recalled.update(place[0] for place in theirs if among(place, ours))
        given.update(kind for kind, _, _ in ours)
        right.update(place[0] for place in ours if among(place, theirs))
    return {
        kind: {
            "labelled": labelled[kind],
            "recall": recalled[kind] / labelled[kind] if labelled[kind] else None,
            "precision": right[kind] / given[kind] if given[kind] else None,
        }
        for kind in sorted({*labelled, *given}, key=lambda kind: (kind not in SPANS, kind))
    }


def speed(name: str, chunks: Sequence[Chunk]) -> dict[str, float]:
    """Microseconds a chunk; characters that were held back, in the mean and at most."""
    seconds, held = list[float](), list[int]()
    for _ in range(ROUNDS):
        outgoing, pictures = Outgoing(BUILT_IN[name], {}, lambda *_: None), PictureFilter([])
        came = out = 0
        held.clear()
        began = time.process_time()
        for chunk in chunks:
            told = pictures.feed(outgoing.take(chunk).text)
            came += len(chunk.text)
            out += len(told)
            held.append(came - out)
        seconds.append(time.process_time() - began)
    return {
        "us_per_chunk": min(seconds) / len(chunks) * 1e6,
        "held_mean": sum(held) / len(held),
        "held_most": max(held),
    }


def incoming(text: str) -> dict[str, float]:
    """Milliseconds for 10,000 characters on their way in, by policy."""
    taken = {}
    for name in ("standard", "private"):
        forms, seconds = forms_of(BUILT_IN[name].incoming), list[float]()
        for _ in range(ROUNDS):
            began = time.process_time()
            scan(text[:10_000], forms)
            seconds.append(time.process_time() - began)
        taken[name] = min(seconds) * 1000
    return taken


def shown(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pii", type=Path, nargs="+", default=[])
    parser.add_argument("--text", type=Path, required=True)
    options = parser.parse_args()
    result = {**conditions(), "quality": {}, "speed": {}}
    for file in options.pii:
        result["quality"][file.stem] = table = quality(file)
        print(f"\n| {file.stem} | labelled | recall | precision |\n|---|---|---|---|")
        for kind, line in table.items():
            figures = f"{shown(line['recall'])} | {shown(line['precision'])}"
            print(f"| {kind} | {line['labelled']} | {figures} |")
    text = options.text.read_text()
    chunks = [Chunk(part, 1) for part in re.findall(r"\s?\S{1,5}|\s", text)[:CHUNKS]]
    print("\n| policy | µs a chunk | held back, mean | most |\n|---|---|---|---|")
    for name in ("standard", "private"):
        result["speed"][name] = line = speed(name, chunks)
        figures = f"{line['held_mean']:.1f} | {line['held_most']:.0f}"
        print(f"| {name} | {line['us_per_chunk']:.1f} | {figures} |")
    result["incoming_ms"] = incoming(text)
    print(result["incoming_ms"])
    print(save("filters", result))


if __name__ == "__main__":
    main()
