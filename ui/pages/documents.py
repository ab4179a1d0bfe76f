"""The documents: collections, what is in them, how they are cut and found."""

from ui import words
from ui.entering import Entering
from ui.pages.frame import BRINGING, LIBRARY, READING, Trigger, room, scripted

SCRIPTS = (
    "places.js", "undo.js", "collections.js", "head.js", "arriving.js", "table.js", "passages.js",
    "document.js", "search.js", "settings.js", "main.js",
)  # fmt: skip


def documents(entering: Entering, load: Trigger) -> None:
    shown = words.table("LIBRARY") | words.table("DOCUMENTS") | words.table("READER")
    with room(entering, "documents", load):
        scripted(
            "documents-main",
            shown | words.table("DOCUMENTS_PAGE"),
            *LIBRARY,
            *BRINGING,
            *READING,
            *(f"documents/{script}" for script in SCRIPTS),
        )
