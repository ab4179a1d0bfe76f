"""The documents: collections, what is in them, how they are cut and found."""

from ui import words
from ui.entering import Entering
from ui.pages.frame import LIBRARY, Trigger, room, scripted


def documents(entering: Entering, load: Trigger) -> None:
    with room(entering, "documents", load):
        scripted(
            "documents-main",
            words.table("LIBRARY") | words.table("DOCUMENTS_PAGE"),
            *LIBRARY,
            "documents/main.js",
        )
