"""Collections of documents with questions that people have judged, as they are published.

A folder as BEIR has them (corpus.jsonl, queries.jsonl, qrels/test.tsv or qrels/*.tsv), or
Cranfield's own files (cran.all.1400, cran.qry, cranqrel).
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Cranfield's codes: 1 is a complete answer, 4 of minimum interest, others of none.
CRANFIELD_GAINS = {"1": 4.0, "2": 3.0, "3": 2.0, "4": 1.0}


@dataclass(frozen=True)
class JudgedSet:
    """`documents` and `questions` by id; `gains` of documents by question."""

    name: str
    documents: dict[str, str]
    questions: dict[str, str]
    gains: dict[str, dict[str, float]]


def read(folder: Path) -> JudgedSet:
    """Only questions that something in the collection is relevant to are kept."""
    found = _cranfield(folder) if (folder / "cran.qry").exists() else _beir(folder)
    gains = {
        question: kept
        for question, of in found.gains.items()
        if (kept := {id: gain for id, gain in of.items() if gain > 0 and id in found.documents})
    }
    questions = {id: text for id, text in found.questions.items() if id in gains}
    return JudgedSet(found.name, found.documents, questions, {id: gains[id] for id in questions})


def _beir(folder: Path) -> JudgedSet:
    documents = {
        str(row["_id"]): f"{row.get('title') or ''}\n\n{row['text']}".strip()
        for row in _rows(folder / "corpus.jsonl")
    }
    questions = {str(row["_id"]): row["text"] for row in _rows(folder / "queries.jsonl")}
    test = folder / "qrels" / "test.tsv"
    gains: dict[str, dict[str, float]] = {}
    for file in [test] if test.exists() else sorted((folder / "qrels").glob("*.tsv")):
        for row in csv.DictReader(file.open(), delimiter="\t"):
            gains.setdefault(row["query-id"], {})[row["corpus-id"]] = float(row["score"])
    return JudgedSet(folder.name, _with_text(documents), questions, gains)


def _rows(file: Path) -> Iterator[dict[str, str]]:
    return (json.loads(line) for line in file.read_text().splitlines() if line.strip())


def _cranfield(folder: Path) -> JudgedSet:
    documents = {
        id: fields.get("W", "") for id, fields in _entries((folder / "cran.all.1400").read_text())
    }
    asked = _entries((folder / "cran.qry").read_text())
    questions = {str(place): fields["W"] for place, (_, fields) in enumerate(asked, 1)}
    gains: dict[str, dict[str, float]] = {}
    for line in (folder / "cranqrel").read_text().splitlines():
        if line.strip():
            question, document, code = line.split()[:3]
            gains.setdefault(question, {})[document] = CRANFIELD_GAINS.get(code, 0.0)
    return JudgedSet("cranfield", _with_text(documents), questions, gains)


def _entries(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """`.I id`, and fields that a line with a dot and a letter begins."""
    for entry in re.split(r"^\.I +", text, flags=re.M)[1:]:
        id, *fields = re.split(r"^\.([A-Z])\s*$", entry, flags=re.M)
        pairs = zip(fields[::2], fields[1::2], strict=True)
        yield id.strip(), {name: " ".join(body.split()) for name, body in pairs}


def _with_text(documents: dict[str, str]) -> dict[str, str]:
    return {id: text for id, text in documents.items() if text.strip()}
