"""The console: how the appliance is, and what its owner may change."""

from ui import words
from ui.entering import Entering
from ui.pages.frame import LIBRARY, Trigger, room, scripted

SHARED = (
    *LIBRARY,
    *(f"shared/{name}.js" for name in ("amounts", "plot", "time", "reasons", "clipboard")),
)
OVERVIEW = tuple(
    f"console/{name}.js" for name in ("verdict", "tiles", "figures", "overview", "models")
)
RECORDS = tuple(
    f"console/{name}.js"
    for name in (
        "records", "forms", "receipt", "receipts", "limits", "keys", "key_forms", "groups", "cache",
        "quality",
    )
)  # fmt: skip
REST = ("console/configuration.js", "console/benchmarks.js")
SECTIONS = ("console/sections.js", *OVERVIEW, *RECORDS, *REST)


def console(entering: Entering, load: Trigger) -> None:
    shown = words.table("LIBRARY") | words.table("CONSOLE_PAGE")
    shown |= {"time": words.table("TIME"), "account": words.table("PAGE")["account"]}
    with room(entering, "console", load):
        scripted("console-main", shown, *SHARED, *SECTIONS, "console/main.js")
