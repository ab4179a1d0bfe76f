"""The playground: requests and answers as they travel."""

from ui import words
from ui.entering import Entering
from ui.pages.frame import LIBRARY, Trigger, room, scripted


def playground(entering: Entering, load: Trigger) -> None:
    with room(entering, "playground", load):
        scripted(
            "playground-main",
            words.table("LIBRARY") | words.table("PLAYGROUND_PAGE"),
            *LIBRARY,
            "playground/main.js",
        )
