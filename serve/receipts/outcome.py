"""How a request ended, and whose doing that was. Pure."""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

CLIENT_LEFT: Final = 499  # nginx's number for a client that did not wait
NO_ROOM: Final = frozenset({"Overloaded", "EngineBusy", "QueueDeadline"})
Outcome = Literal["ok", "refused", "failed", "left"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


def outcome_of(status: int | None, error: str | None, cause: str | None) -> Outcome:
    """`error`: the code that went out, `cause`: the class of what came first.

    `refused`: for what the client did, or for lack of room. `failed`: the appliance's own trouble;
    a stream that broke off has the status of one that did not. `left`: the client went away.
    """
    code = status or 0
    if code == CLIENT_LEFT:
        return "left"
    if 400 <= code < 500 or (code >= 500 and cause in NO_ROOM):
        return "refused"
    return "failed" if code >= 500 or error is not None else "ok"


def told_outcome(told: Mapping[str, Any]) -> Outcome:
    """Of a receipt as it is told."""
    first = [cause or error for _, error, cause, *_ in told["attempts"][-1:]]
    return outcome_of(told["status"], told["error"], first[0] if first else None)
