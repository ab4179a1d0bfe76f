"""Where the time of a request went, in words."""

from typing import Final

from serve.receipts.time_spent import LONGER, Part, Spent

_PARTS: Final[dict[Part, str]] = {
    "receive": "the request arrived",
    "search": "documents were searched",
    "embed": "texts were embedded",
    "cache": "kept answers were looked through",
    "route": "a tier was chosen",
    "pause": "a pause before the next try",
    "shared": "somebody else's answer to the same was waited for",
    "failed": "a try came to nothing",
    "queue": "it waited for a place",
    "load": "the model was loaded",
    "read": "the model read the prompt",
    "generate": "the model read the prompt and wrote the answer",
    "write": "the answer was written",
    "other": "everything else",
}
_WHYS: Final[dict[tuple[Part, str], str]] = {
    ("queue", "busy"): "others were answered",
    ("queue", LONGER): "longer than was expected",
    ("load", "asleep"): "it slept",
    ("load", "unavailable"): "its process was being replaced",
    ("read", "cached"): "most of it was known from before",
    ("write", LONGER): "it is longer than was expected",
    ("generate", LONGER): "it is longer than was expected",
}


def in_words(spent: Spent) -> str:
    why = _WHYS.get((spent.part, spent.why or ""))
    if spent.part == "failed":
        why = spent.why
    return _PARTS[spent.part] + (f": {why}" if why else "")
