"""A client of the appliance's HTTP interface; the page's only way to anything.

Every wait has a deadline, and whatever goes wrong becomes a `Refused` with words for people.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping

import httpx

from ui import words
from ui.refusals import Refused, refusal, wording
from ui.stream import Event, Piece, Reading

SILENCE = 60.0  # seconds; the appliance sends a heartbeat every few seconds
SHORT_CALL = 15.0  # seconds
IDLE = 3.0  # seconds; servers close idle connections after 5: be first


class Appliance:
    """The appliance at `url`, for any number of users: the key comes with every call."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        timeout = httpx.Timeout(SHORT_CALL, connect=5.0)
        limits = httpx.Limits(
            max_connections=512, max_keepalive_connections=16, keepalive_expiry=IDLE
        )
        self._http = httpx.AsyncClient(
            base_url=url, timeout=timeout, limits=limits, transport=transport, trust_env=False
        )

    async def sign_in(self, token: str) -> str:
        """The key for a one-time `token`. Raises `Refused` when it is used up or expired."""
        async with wording(SHORT_CALL), asyncio.timeout(SHORT_CALL):
            response = await self._http.post("/signin", json={"token": token})
            if 400 <= response.status_code < 500 and response.status_code != 429:
                raise Refused(words.LINK_USED, sign_in=True)
            return str(_checked(response)["key"])

    async def models(self, key: str) -> list[str]:
        """Names of the models that can chat, in the appliance's order."""
        async with wording(SHORT_CALL), asyncio.timeout(SHORT_CALL):
            response = await self._http.get("/v1/models", headers=_bearer(key))
            listed = _checked(response)["data"]
            return [str(model["id"]) for model in listed if model.get("tier") != "embeddings"]

    async def chat(self, key: str, request: Mapping[str, object]) -> AsyncGenerator[Piece, None]:
        """What the answer waits for; its text as it comes, behind its sources and citations; then
        one `Measure`.

        `request` is the body of a chat completion (OpenAI's schema). Leaving early closes the
        connection, which ends the generation at the appliance.
        """
        body = {**request, "stream": True, "stream_options": {"include_usage": True}}
        headers = {**_bearer(key), "x-hearth-progress": "1"}
        timeout = httpx.Timeout(SHORT_CALL, connect=5.0, read=SILENCE)
        start = time.perf_counter()
        async with (
            wording(SILENCE),
            self._http.stream(
                "POST", "/v1/chat/completions", json=body, headers=headers, timeout=timeout
            ) as response,
        ):
            if response.status_code != 200:
                await response.aread()
                raise refusal(response)
            reading = Reading(start, dict(response.headers))
            async for piece in reading.pieces(response):
                yield piece

    async def close(self) -> None:
        await self._http.aclose()


def _bearer(key: str) -> dict[str, str]:
    """Raises `Refused` for a key that cannot stand in a header."""
    if not (key.isascii() and key.isprintable() and key.strip()):
        raise Refused(words.SIGN_IN_AGAIN, sign_in=True)
    return {"Authorization": f"Bearer {key.strip()}"}


def _checked(response: httpx.Response) -> Event:
    if response.status_code != 200:
        raise refusal(response)
    body = response.json()
    if not isinstance(body, dict):
        raise Refused(words.UNREADABLE)
    return body
