"""The console: how the appliance is, and what its owner may change."""

from ui import words
from ui.entering import Entering
from ui.pages.frame import LIBRARY, Trigger, room, scripted

SECTIONS = ("console/sections.js",)
SHARED = (*LIBRARY, "shared/amounts.js")


def console(entering: Entering, load: Trigger) -> None:
    shown = words.table("LIBRARY") | words.table("CONSOLE_PAGE")
    with room(entering, "console", load):
        scripted("console-main", shown, *SHARED, *SECTIONS, "console/main.js")
