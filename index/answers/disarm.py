"""Text of documents made harmless: nothing in it looks like the frame that it is quoted in.

What could pass for structure (chat control tokens, role headers, our own markers and source
numbers) stays readable but is spelled differently; characters that nobody can see are taken out.
"""

import re
from typing import Final

from index.answers.marks import LABELS

NAME_LENGTH: Final = 120

_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Control characters, zero width, changes of direction, "tags" (an invisible copy of ASCII).
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    r"\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_TAGS = (
    "s|bos|eos|pad|unk|sep|cls|mask|think|tool_calls?|tool_response|tools?|function|sys|system|user|"
    "assistant|human|documents?|sources?|start_of_turn|end_of_turn|start_header_id|end_header_id"
)
# <|im_start|>, <<SYS>>, </s>, <think>, <documents-7f3a>, whatever is behind the name.
_TAG = re.compile(rf"[<\uff1c](?=[|\uff5c]|[<\uff1c]?/?(?:{_TAGS})(?![a-z]))", re.IGNORECASE)
_TAG_END = re.compile(r"(?<=[|\uff5c])(?=[>\uff1e])")
_BRACKETED = re.compile(r"\[(?=/?(?:inst|system|user|assistant|human)\b)", re.IGNORECASE)
_LABEL = re.compile(
    r"[\[【]{1,2}"
    rf"([ \t^#]*(?:(?:{'|'.join(LABELS)})\b[.:#]?\s?)?\d{{1,3}}\b[^\[\]【】\uff3b\uff3d\n]{{0,24}})"
    r"[\]】]{1,2}",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"^(?=[ \t#*_>-]{0,8}(?:system|user|assistant|human|ai|instructions?|question|answer|response"
    r"|sources?|documents?)\b[*_ \t]{0,4}[:\uff1a])",
    re.IGNORECASE | re.MULTILINE,
)
_CODE = re.compile(r"[=;{}]")


def disarmed(text: str) -> str:
    """`text` without look-alikes of structure. Doing it twice changes nothing more."""
    text = _UNSEEN.sub("", _BREAKS.sub("\n", text))
    text = _TAG_END.sub(" ", _TAG.sub("< ", text))
    text = _LABEL.sub(_renumbered, _BRACKETED.sub("[ ", text))
    return _ROLE.sub("| ", text)


def one_line(name: str) -> str:
    """A title, heading or file name that fits in a line and has no structure."""
    line = " ".join(disarmed(name).split())
    return line if len(line) <= NAME_LENGTH else line[: NAME_LENGTH - 1] + "…"


def _renumbered(found: re.Match[str]) -> str:
    """The same in brackets of another width; places of an array in a line of code stay."""
    text, at = found.string, found.start()
    line = text[text.rfind("\n", 0, at) + 1 : (text.find("\n", at) + 1 or len(text) + 1) - 1]
    if at and (text[at - 1].isalnum() or text[at - 1] == "_") and _CODE.search(line):
        return found[0]
    return f"\uff3b{found[1]}\uff3d"
