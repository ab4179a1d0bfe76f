"""Asks the appliance over HTTP how it is, as a client would."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple
from urllib.parse import urlsplit

LIVE = "/health/live"
READY = "/health/ready"
PAGE = "/ui/"


def get(url: str, path: str, timeout: float) -> tuple[int, bytes]:
    """Status and body; status 0 when nothing answers within `timeout` seconds."""
    place = urlsplit(url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()


def is_ready(url: str, page: bool) -> bool:
    """Whether tokens can be produced and, where there is a `page`, the chat answers."""
    paths = [READY, PAGE] if page else [READY]
    return all(get(url, path, timeout=5.0)[0] == 200 for path in paths)


class TierState(NamedTuple):
    """`reason` is for people; empty when there is nothing to say."""

    state: str
    reason: str


def hopeless(url: str) -> str | None:
    """Why no tier will ever produce a token; None while one may."""
    states = tier_states(url)
    if not states or any(tier.state != "failed" for tier in states.values()):
        return None
    return "; ".join(f"{name}: {tier.reason}" for name, tier in states.items())


def tier_states(url: str) -> dict[str, TierState]:
    """State by tier name; empty when nothing answers."""
    _, body = get(url, READY, timeout=5.0)
    try:
        tiers: dict[str, Any] = json.loads(body)["tiers"]
        return {
            name: TierState(str(tier["state"]), str(tier.get("reason") or ""))
            for name, tier in tiers.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
