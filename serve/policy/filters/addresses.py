"""E-mail addresses, addresses of networks, addresses of pages."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from serve.policy.filters.scanner import Form, Tail

_HOST: Final = r"@[^\W_][\w.-]{0,26}\.[^\W\d_]{2}"
# Of a longer name before the @, the last 32 characters count; a label of a host has 27 at most.
EMAILS: Final = Form(
    "email",
    re.compile(rf"\w(?:[\w.%+-]{{0,30}}\w)?{_HOST}"),
    r"\w[\w.%+-]{0,31}(?:@[\w.-]{0,29})?",
    tail=Tail(re.compile(r"(?:[\w-]|\.(?=[\w-]))*"), re.compile(r"\.\Z")),
    needs=re.compile(_HOST),
    reach=(32, 31),
)

_V4: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?!\w|\.\d|/\d)")
_V6: Final = re.compile(
    r"([0-9A-Fa-f:]{2,39}(?:(?<=:)\d{1,3}(?:\.\d{1,3}){3})?)(?:/\d{1,3})?(?![\w:])"
)
_MAC: Final = re.compile(r"[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![\w:-])")


def _network(text: str, start: int) -> int:
    if found := _MAC.match(text, start):
        return found.end()
    if found := _V4.match(text, start):
        return found.end() if _is_address(found[0].partition("/")[0], IPv4Address) else 0
    if not (found := _V6.match(text, start)):
        return 0
    address = found[1][:-1] if re.search(r"[^:]:\Z", found[1]) else found[1]
    plain = sum(char.isalnum() for char in address) < 3  # "::" is also punctuation
    if plain and address != "::1":
        return 0
    cut = len(found[1]) - len(address)
    return found.end() - cut if _is_address(address, IPv6Address) else 0


def _is_address(text: str, kind: type[IPv4Address | IPv6Address]) -> bool:
    try:
        kind(text)
    except AddressValueError:
        return False
    return True


NETWORKS: Final = Form(
    "ip",
    re.compile(r"(?<![\w:.-])(?=[0-9A-Fa-f]{1,4}[.:-]|::)"),
    r"(?<![\w:.-])(?:[0-9A-Fa-f]{1,4}|:)(?:[:.-][0-9A-Fa-f:.-]{0,50}(?:/\d{0,4})?)?",
    _network,
)

# Without those that are words, or attributes in code: id, in, info, io, is, me, name.
_PLACES: Final = (
    "com org net edu gov mil biz cloud online site shop blog tech xyz eu us uk de fr es it nl "
    "be ch at se no fi dk pt gr ie cz hu ro bg hr si sk lt lv ee lu mt cy tr ua ru ca mx br "
    "ar cl pe au nz jp kr cn tw hk sg th vn ph za ke ng il ae"
)
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,28}[A-Za-z0-9])?"
_BARE: Final = rf"(?:{_LABEL}\.){{1,2}}(?:{'|'.join(_PLACES.split())})(?![\w@-]|\.\w)"
_BODY: Final = r"[^\s<>\"'`{}|\\^\[\]().,;:!?*]"
_HEAD: Final = re.compile(
    rf"(?<![\w@.-])(?:(?:[Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp])://(?={_BODY})|[Ww]{{3}}\.(?=\w)|{_BARE})"
)
_BEGUN_URL: Final = re.compile(r"(?:[Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp])://|[Ww]{3}\.")


def _page(text: str, start: int) -> int:
    if found := _BEGUN_URL.match(text, start):
        return found.end()
    bare = _HEAD.match(text, start)
    return bare.end() if bare and len(bare[0]) <= 60 else 0


PAGES: Final = Form(
    "url",
    _HEAD,
    r"(?<![\w@.-])[A-Za-z0-9][\w.-]{0,62}|(?:[HhFf][TtPp]{1,3}[Ss]?:/?/?)",
    _page,
    Tail(re.compile(rf"(?:{_BODY}|[.,;:!?()*](?={_BODY}))*"), re.compile(r"[.,;:!?()*]\Z")),
)
