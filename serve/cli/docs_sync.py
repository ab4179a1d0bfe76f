"""Files on a disk brought into a collection: what is new or changed is sent, and waited for."""

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from models.progress import Meter, Progress
from serve.cli.docs_client import DocsClient, DocsRefused, Told
from serve.cli.docs_folder import Found, Skipped, files_in

PAUSE: Final = 0.3  # seconds between two looks at the work


@dataclass(slots=True)
class Outcome:
    """Names of documents; those `failed` with the reason, in words. `replaced`: ids of files."""

    added: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "added": self.added,
            "unchanged": len(self.unchanged),
            "deleted": self.deleted,
            "skipped": [{"name": one.name, "reason": one.reason} for one in self.skipped],
            "failed": [{"name": name, "reason": why} for name, why in self.failed.items()],
        }


@dataclass(slots=True)
class Sync:
    """One collection and the paths that it follows. `most`: bytes of a file."""

    client: DocsClient
    store: str
    paths: Sequence[Path]
    most: int
    _hashes: dict[tuple[Path, int, int], str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def send(self, sent: Progress) -> Outcome:
        """Sends what the collection does not have, and removes what was here and is gone.

        What was sent is being worked on when this returns: see `wait`. `sent` is told bytes.
        """
        every = list(files_in(self.paths, self.most))
        found = [one for one in every if isinstance(one, Found)]
        outcome = Outcome(skipped=[one for one in every if isinstance(one, Skipped)])
        known = {each["name"]: each for each in self.client.documents(self.store)}
        new = [one for one in found if not self._has(known.get(one.name), one.path)]
        outcome.unchanged = sorted({one.name for one in found} - {one.name for one in new})
        outcome.replaced = [known[one.name]["id"] for one in new if one.name in known]
        self._send_all(new, outcome, sent)
        self._delete({one.name for one in found}, known, outcome)
        return outcome

    def wait(self, outcome: Outcome, done: Progress) -> None:
        """Until everything added is completed or has failed; `done` is told documents.

        Files that were replaced are forgotten then.
        """
        names = set(outcome.added)
        while names and (waiting := self._waiting(names)):
            done(len(names) - waiting, len(names))
            time.sleep(PAUSE)
        for each in self.client.documents(self.store, "failed") if names else ():
            if each["name"] in names:
                outcome.failed[each["name"]] = each["last_error"]["message"]
                outcome.added.remove(each["name"])
        if outcome.replaced:
            self.client.forget(outcome.replaced)

    def _waiting(self, names: set[str]) -> int:
        under_way = self.client.documents(self.store, "in_progress")
        return sum(each["name"] in names for each in under_way)

    def _send_all(self, new: Sequence[Found], outcome: Outcome, sent: Progress) -> None:
        meter = Meter(sum(one.path.stat().st_size for one in new), sent)
        for one in new:
            try:
                self.client.add(self.store, one.path, one.name, meter.add)
            except (DocsRefused, OSError) as exc:
                outcome.failed[one.name] = str(exc)
            else:
                outcome.added.append(one.name)

    def _delete(self, names: set[str], known: dict[str, Told], outcome: Outcome) -> None:
        """Only what was on the disk before and is no more: other documents are other people's."""
        for name in sorted(self._seen - names):
            if name in known:
                self.client.delete(self.store, known[name])
                outcome.deleted.append(name)
        self._seen = names

    def _has(self, document: Told | None, path: Path) -> bool:
        fine = document is not None and document["status"] in ("completed", "in_progress")
        return fine and document is not None and document["sha256"] == self._sha256(path)

    def _sha256(self, path: Path) -> str:
        """Read once, as long as the file looks the same."""
        found = path.stat()
        mark = path, found.st_mtime_ns, found.st_size
        if mark not in self._hashes:
            self._hashes[mark] = _sha256(path)
        return self._hashes[mark]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def counted(skipped: Iterable[Skipped]) -> str:
    """`3 hidden, 1 empty`, most first."""
    reasons: dict[str, int] = {}
    for one in skipped:
        reasons[one.reason] = reasons.get(one.reason, 0) + 1
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {reason}" for reason, count in ranked)
