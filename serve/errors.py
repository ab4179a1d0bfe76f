"""Every refusal, and the one table that says what a refusal looks like outside.

    Refusal                    what the gateway itself refuses
    ├── BadRequest             400  a field is missing, unknown or out of range
    │   └── ContentBlocked     400  a filter of the key or of a collection forbids what it says
    ├── MissingKey             401
    ├── InvalidKey             401  unknown, revoked or expired: one text for all
    ├── NotAllowed             403
    ├── NotFound               404  an unknown URL, model or object
    ├── MethodNotAllowed       405
    ├── RequestTimeout         408  the request itself did not arrive in time
    ├── TooLarge               413
    ├── UnsupportedMedia       415
    ├── HeadersTooLarge        431
    ├── Overloaded             429  no place, and none in time: come back later
    │   ├── RateLimited        429  a limit of the key, its groups or the model is reached
    │   ├── QuotaSpent         429  a budget is spent until it renews
    │   ├── TooManyBadKeys     429  from this address
    │   └── OutOfService       503  what would answer is not to be used at present
    └── QueueDeadline          503  it waited, and its deadline came first
    EngineError                what an engine refuses: see models/errors.py
    IndexRefusal               why documents are not taken, found or kept: see index/errors.py

Arguments go positionally to `Exception.__init__`, so that refusals cross process boundaries.
"""

from dataclasses import dataclass
from typing import Any

from index.errors import (
    Conflict,
    Forbidden,
    IndexRefusal,
    InvalidQuery,
    ParseRefused,
    StorageBusy,
    StorageFailed,
    StorageFull,
    Unknown,
    VectorsRefused,
)
from models.errors import (
    EngineBusy,
    EngineError,
    EngineInterrupted,
    EngineNotLoaded,
    EngineUnavailable,
    GenerationTimeout,
    ModelRefused,
    PromptRefused,
)

IRE = "invalid_request_error"
SERVER = "server_error"


class Refusal(Exception):
    """`message` is for people, `param` the field's name, `code` a word for programs."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None):
        super().__init__(message, param, code)
        self.param = param
        self.code = code

    @property
    def message(self) -> str:
        return str(self.args[0])


class BadRequest(Refusal):
    pass


class ContentBlocked(BadRequest):
    @classmethod
    def of(cls, kind: str, param: str) -> "ContentBlocked":
        """`kind` of what was found, which is never said."""
        text = f"The request was blocked by a content filter: '{param}' has something of the kind"
        return cls(f"{text} {kind!r}.", param, "content_filter")


class MissingKey(Refusal):
    def __init__(self) -> None:
        super().__init__("You did not provide an API key. Send it as 'Authorization: Bearer KEY'.")

    def __reduce__(self) -> tuple[type["MissingKey"], tuple[()]]:
        return type(self), ()


class InvalidKey(Refusal):
    def __init__(self) -> None:
        super().__init__("Incorrect API key provided: it is unknown, revoked or expired.")

    def __reduce__(self) -> tuple[type["InvalidKey"], tuple[()]]:
        return type(self), ()


class NotAllowed(Refusal):
    pass


class NotFound(Refusal):
    pass


class MethodNotAllowed(Refusal):
    pass


class RequestTimeout(Refusal):
    pass


class TooLarge(Refusal):
    pass


class UnsupportedMedia(Refusal):
    pass


class HeadersTooLarge(Refusal):
    pass


class Overloaded(Refusal):
    """`retry_after` in seconds."""

    def __init__(self, message: str, retry_after: float = 1.0):
        super().__init__(message)
        self.args = (message, retry_after)
        self.retry_after = retry_after

    @classmethod
    def full(cls, retry_after: float) -> "Overloaded":
        seconds = f"{retry_after:.0f}"
        return cls(f"Too many requests wait. Try again in {seconds} seconds.", retry_after)


class RateLimited(Overloaded):
    pass


class QuotaSpent(Overloaded):
    pass


class TooManyBadKeys(Overloaded):
    pass


class OutOfService(Overloaded):
    pass


class QueueDeadline(Refusal):
    """`retry_after` in seconds."""

    def __init__(self, message: str, retry_after: float = 1.0):
        super().__init__(message)
        self.args = (message, retry_after)
        self.retry_after = retry_after

    @classmethod
    def of(cls, wait: float | None) -> "QueueDeadline":
        """`wait`: seconds that a request must expect now."""
        return cls("The request waited until its deadline and was not begun.", wait or 1.0)


@dataclass(frozen=True, slots=True)
class Row:
    """`code` is what stands in the body when the error itself names none."""

    status: int
    type: str
    code: str | None = None


TABLE: dict[type[Exception], Row] = {
    BadRequest: Row(400, IRE),
    ContentBlocked: Row(400, IRE, "content_filter"),
    MissingKey: Row(401, IRE, "missing_api_key"),
    InvalidKey: Row(401, IRE, "invalid_api_key"),
    NotAllowed: Row(403, IRE, "forbidden"),
    NotFound: Row(404, IRE, "not_found"),
    MethodNotAllowed: Row(405, IRE, "method_not_allowed"),
    RequestTimeout: Row(408, IRE, "request_timeout"),
    TooLarge: Row(413, IRE, "request_too_large"),
    UnsupportedMedia: Row(415, IRE, "unsupported_media_type"),
    HeadersTooLarge: Row(431, IRE, "headers_too_large"),
    Overloaded: Row(429, "rate_limit_error", "overloaded"),
    RateLimited: Row(429, "rate_limit_error", "rate_limit_exceeded"),
    QuotaSpent: Row(429, "insufficient_quota", "insufficient_quota"),
    TooManyBadKeys: Row(429, "rate_limit_error", "too_many_bad_keys"),
    OutOfService: Row(503, SERVER, "no_healthy_backend"),
    QueueDeadline: Row(503, SERVER, "deadline_exceeded"),
    PromptRefused: Row(400, IRE),
    EngineBusy: Row(503, SERVER, "engine_busy"),
    EngineUnavailable: Row(503, SERVER, "no_healthy_backend"),
    EngineNotLoaded: Row(503, SERVER, "model_not_loaded"),
    EngineInterrupted: Row(502, SERVER, "engine_interrupted"),
    GenerationTimeout: Row(504, SERVER, "deadline_exceeded"),
    ModelRefused: Row(503, SERVER, "model_checksum_mismatch"),
    EngineError: Row(500, SERVER, "engine_error"),
    ParseRefused: Row(400, IRE),
    InvalidQuery: Row(400, IRE, "invalid_value"),
    Forbidden: Row(403, IRE, "forbidden"),
    Unknown: Row(404, IRE, "not_found"),
    Conflict: Row(409, IRE, "conflict"),
    VectorsRefused: Row(502, SERVER, "vectors_refused"),
    StorageBusy: Row(503, SERVER, "storage_busy"),
    StorageFailed: Row(503, SERVER, "storage_failed"),
    StorageFull: Row(507, SERVER, "insufficient_storage"),
    IndexRefusal: Row(500, SERVER, "index_error"),
}

INTERNAL = Row(500, SERVER, "internal_error")
INTERNAL_MESSAGE = "Something went wrong inside the appliance. The request id finds it in the log."


@dataclass(frozen=True, slots=True)
class Described:
    """What goes out for an error. `retry_after` is in seconds."""

    status: int
    body: dict[str, Any]
    retry_after: float | None

    @property
    def code(self) -> str | None:
        code = self.body["error"]["code"]
        return None if code is None else str(code)


def describe(exc: BaseException) -> Described:
    """Status and OpenAI-shaped body for any error; unknown ones show nothing of themselves.

    Looks along the type's MRO, so an error that Ray re-raised as a subclass finds its row.
    """
    row = next((TABLE[t] for t in type(exc).__mro__ if t in TABLE), INTERNAL)
    known = row is not INTERNAL
    message = getattr(exc, "message", INTERNAL_MESSAGE) if known else INTERNAL_MESSAGE
    code = getattr(exc, "code", None) if known else None
    error = {
        "message": message,
        "type": row.type,
        "param": getattr(exc, "param", None) if known else None,
        "code": code or row.code,
    }
    return Described(row.status, {"error": error}, getattr(exc, "retry_after", None))
