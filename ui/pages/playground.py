"""The playground: requests and answers as they travel."""

from ui import words
from ui.entering import Entering
from ui.pages.frame import LIBRARY, Trigger, room, scripted

SCRIPTS = ("kinds.js", "snippets.js", "exchange.js", "pane.js", "main.js")


def playground(entering: Entering, load: Trigger) -> None:
    shown = words.table("LIBRARY") | words.table("PLAYGROUND_PAGE")
    scripts = (f"playground/{script}" for script in SCRIPTS)
    with room(entering, "playground", load):
        scripted("playground-main", shown, *LIBRARY, "shared/clipboard.js", *scripts)
