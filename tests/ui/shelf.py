"""Documents as the appliance's HTTP interface has them, without any of its work.

A document gets one stage further whenever it is looked at, so that no test has to wait: `hold` a
stage, and what reaches it stays there. Paragraphs are passages, each on a page of its own. An
answer from documents cites the passage that shares most words with the question: word for word,
then with a year that is not in it, then for something that it does not say.
"""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

STAGES = ("waiting", "reading", "embedding", "done")
REFUSED = {"code": "unsupported_file", "message": "This is a program, not a document."}
HEADINGS = ["Handbook", "Leave <b>and</b> absence"]
Item = dict[str, Any]


@dataclass
class Kept:
    """A document of a collection."""

    id: str
    name: str
    data: bytes
    stage: int = 0
    status: str = "in_progress"

    def passages(self) -> Iterator[Item]:
        start = 0
        for n, text in enumerate(self.data.decode(errors="replace").split("\n\n")):
            yield {
                "id": f"{n + 1}", "ordinal": n, "text": text, "page": n + 1, "start": start,
                "end": start + len(text), "tokens": len(text.split()),
                "heading": HEADINGS[-1], "headings": HEADINGS,
            }  # fmt: skip
            start += len(text) + 2

    def told(self) -> Item:
        parts = len(list(self.passages()))
        return {
            "id": self.id, "object": "vector_store.file", "status": self.status,
            "last_error": REFUSED if self.status == "failed" else None, "name": self.name,
            "passages": parts if self.status == "completed" else 0, "notes": [],
            "progress": {"stage": STAGES[self.stage], "done": 1, "total": parts},
        }  # fmt: skip


@dataclass
class Shelf:
    """`busy`: how many uploads are sent away first. `begun` counts all that came."""

    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    stores: dict[str, Item] = field(default_factory=dict)
    documents: dict[str, dict[str, Kept]] = field(default_factory=dict)
    asked: list[Item] = field(default_factory=list)
    held: str = ""
    busy: int = 0
    begun: int = 0
    _numbers: Iterator[int] = field(default_factory=count)

    def clear(self) -> None:
        for kept in (self.files, self.stores, self.documents, self.asked):
            kept.clear()
        self.held, self.busy, self.begun = "", 0, 0

    def add_store(self, name: str, **about: Any) -> Item:
        made = {"id": f"vs_{next(self._numbers)}", "name": name, "access": "owner", **about}
        self.stores[made["id"]] = made
        self.documents[made["id"]] = {}
        return made

    def add_document(self, store: str, name: str, data: bytes) -> Kept:
        kept = Kept(self.add_file(name, data), name, data)
        self.keep(store, kept)
        return kept

    def keep(self, store: str, kept: Kept) -> None:
        """A document of the same name is replaced."""
        others = self.documents[store].values()
        self.documents[store] = {one.id: one for one in others if one.name != kept.name}
        self.documents[store][kept.id] = kept

    def add_file(self, name: str, data: bytes) -> str:
        made = f"file-{next(self._numbers)}"
        self.files[made] = (name, data)
        return made

    def move(self, kept: Kept) -> None:
        if kept.status != "in_progress" or STAGES[kept.stage] == self.held:
            return
        kept.stage += 1
        if kept.name.endswith(".exe"):
            kept.status = "failed"
        elif STAGES[kept.stage] == "done":
            kept.status = "completed"

    def names(self) -> dict[str, list[str]]:
        """Names of the documents by the name of their collection."""
        return {
            self.stores[store]["name"]: sorted(kept.name for kept in documents.values())
            for store, documents in self.documents.items()
        }


async def answer(shelf: Shelf, body: Item) -> AsyncIterator[str]:
    """An answer's stream: its sources first, and each citation with the end of its sentence."""
    found = best(shelf, body["collections"], body["messages"][-1]["content"])
    yield event([], sources=[{**found, "score": 0.8}, {"number": "malformed"}])
    text, quote = "", str(found["quote"])
    for verdict, sentence, missing in (
        ("verified", f"{quote} [1]", []),
        ("partial", " In 2023 it was **the same** [1]. The code is `[1]`.", ["2023"]),
        ("unsupported", " Elephants fly [1].", []),
    ):
        start = len(text)
        yield event([{"index": 0, "delta": {"content": sentence}}])
        text += sentence
        citation = {**found, "verdict": verdict, "sentence_start": start, "sentence_end": len(text)}
        citation |= {"missing": missing, "added": False, "score": 0.9}
        yield event([{"index": 0, "delta": {"citations": [citation, {"odd": 1}]}}])
    yield event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    yield event([], usage={"prompt_tokens": 7, "completion_tokens": 9})
    yield "data: [DONE]\n\n"


def event(choices: list[Item], **more: Any) -> str:
    return f"data: {json.dumps({'choices': choices} | more)}\n\n"


def best(shelf: Shelf, stores: list[str], question: str) -> Item:
    """The passage that shares most words with the question, as a citation of its first sentence."""
    words = set(question.lower().split())
    every = [
        (len(words & set(passage["text"].lower().split())), store, kept, passage)
        for store in stores
        for kept in shelf.documents[store].values()
        if kept.status == "completed"
        for passage in kept.passages()
    ]
    _, store, kept, passage = max(every, key=lambda one: one[0])
    quote = passage["text"].partition(".")[0]
    return {
        "number": 1, "document": kept.id, "document_name": kept.name, "collection": store,
        "passage": int(passage["id"]), "page": passage["page"], "heading": passage["heading"],
        "quote": quote, "start": passage["start"], "end": passage["start"] + len(quote),
    }  # fmt: skip
