"""What a request must look like before anyone reads its body. Pure: headers in, verdict out."""

from collections.abc import Iterable

from serve.config import LOOPBACK, Settings
from serve.errors import (
    BadRequest,
    HeadersTooLarge,
    InvalidKey,
    MissingKey,
    NotAllowed,
    UnsupportedMedia,
)
from serve.sections.requests import LimitSettings

MEDIA = {"json": b"application/json", "multipart": b"multipart/form-data"}
CLIENT = b"x-hearth-client"  # see serve/edge.py
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Headers:
    """A request's headers as they came: names in lower case, a name may come several times."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self.count = 0
        self.size = 0
        self._values: dict[bytes, list[bytes]] = {}
        for name, value in raw:
            self.count += 1
            self.size += len(name) + len(value) + 4  # ": " and CRLF
            self._values.setdefault(name.lower(), []).append(value)

    def all(self, name: bytes) -> list[bytes]:
        return self._values.get(name, [])

    def only(self, name: bytes) -> bytes | None:
        """The value if the header came exactly once."""
        values = self.all(name)
        return values[0] if len(values) == 1 else None


def authorities(settings: Settings) -> frozenset[bytes]:
    """The Host values that mean this appliance, in lower case, with and without the port."""
    names = [f"[{name}]" if ":" in name else name for name in LOOPBACK]
    names += settings.allowed_hosts
    with_port = [f"{name}:{settings.port}" for name in names]
    return frozenset(name.lower().encode() for name in (*names, *with_port))


def check_size(headers: Headers, limits: LimitSettings) -> None:
    if headers.size > limits.header_bytes or headers.count > limits.header_count:
        raise HeadersTooLarge(
            f"The headers are too large: at most {limits.header_bytes} bytes in "
            f"{limits.header_count} headers are allowed."
        )


def check_host(headers: Headers, allowed: frozenset[bytes]) -> None:
    """A page of another site that had its name point here (DNS rebinding) still sends its name."""
    host = headers.only(b"host")
    if host is None or host.lower() not in allowed:
        raise BadRequest(
            "The Host header must name this appliance. Add other names to `allowed_hosts`.",
            code="invalid_host",
        )


def check_origin(headers: Headers, method: str, allowed: frozenset[bytes]) -> None:
    """Browsers name the page that sends a request; only the appliance's own may change things."""
    if method in SAFE_METHODS:
        return
    for origin in headers.all(b"origin"):
        scheme, _, authority = origin.lower().partition(b"://")
        if scheme not in (b"http", b"https") or authority not in allowed:
            raise NotAllowed(
                "Requests from pages of other sites are refused.", code="origin_not_allowed"
            )


def bearer(headers: Headers) -> str:
    """The text of the key. Raises `MissingKey` or `InvalidKey`."""
    values = headers.all(b"authorization")
    if not values:
        raise MissingKey
    scheme, _, text = values[0].partition(b" ")
    if len(values) > 1 or scheme.lower() != b"bearer" or not text.strip():
        raise InvalidKey
    return text.strip().decode("latin-1")


def address_of(headers: Headers, peer: str) -> str:
    """The client's: what HAProxy, which is on this machine, says of it, and nobody else."""
    named = headers.only(CLIENT) if peer in LOOPBACK or not peer else None
    return named.decode("latin-1")[:64] if named else peer


def check_body(headers: Headers, kind: str) -> None:
    """A body as it is, of a `kind` in `MEDIA`, texts in UTF-8. Raises `UnsupportedMedia`."""
    if any(v.strip().lower() != b"identity" for v in headers.all(b"content-encoding")):
        raise UnsupportedMedia(
            "The body must not be compressed: Content-Encoding is not supported.",
            code="unsupported_content_encoding",
        )
    media, *parameters = (headers.only(b"content-type") or b"").lower().split(b";")
    charsets = [p.strip() for p in parameters if p.strip().startswith(b"charset")]
    if media.strip() != MEDIA[kind] or any(not _is_utf8(c) for c in charsets):
        wanted = MEDIA[kind].decode()
        raise UnsupportedMedia(f"The Content-Type must be {wanted} (in UTF-8).")


def _is_utf8(parameter: bytes) -> bool:
    return parameter.replace(b'"', b"").replace(b" ", b"") in (b"charset=utf-8", b"charset=utf8")


def content_length(headers: Headers) -> int | None:
    """The announced size of the body in bytes, if there is one."""
    value = headers.only(b"content-length")
    return int(value) if value is not None and value.isdigit() else None
