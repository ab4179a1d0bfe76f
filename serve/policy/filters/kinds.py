"""What filters look for, what they may do about it, and on which side."""

from typing import Final, Literal, get_args

Kind = Literal[
    "term",  # what the owner listed
    "secret",  # keys, tokens, passwords
    "email",
    "phone",
    "card",  # numbers of payment cards
    "iban",
    "national_id",
    "ip",  # addresses of networks: IPv4, IPv6, MAC
    "url",
    "injection",  # words that want to overrule instructions; on the way in only
    "image",  # pictures that an answer would fetch; on the way out only
    "link",  # every address that the user did not write; on the way out only
]
Action = Literal["note", "mask", "block"]
Side = Literal["in", "out"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)  # each stricter than the one before
ONLY_IN: Final[frozenset[Kind]] = frozenset({"injection"})
ONLY_OUT: Final[frozenset[Kind]] = frozenset({"image", "link"})
SPANS: Final = tuple(kind for kind in KINDS if kind not in ONLY_IN | ONLY_OUT)
PERSONAL: Final[tuple[Kind, ...]] = ("email", "phone", "card", "iban", "national_id", "ip")


def stricter(one: Action | None, other: Action | None) -> Action | None:
    """None: nothing is done."""
    return max(one, other, key=lambda action: -1 if action is None else ACTIONS.index(action))
