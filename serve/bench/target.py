"""Whom to ask, and how a request is spelled."""

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

PATIENCE: Final = 10.0  # seconds a target has to list its models
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class TargetRefused(Exception):
    """A target cannot be used. The message is one line for people."""


@dataclass(frozen=True, slots=True)
class Target:
    """`url` as people write it, with or without `/v1`. `name` is what reports call it.

    `end_tokens` are made impossible, so that answers are as long as they may be.
    """

    name: str
    url: str
    model: str = ""
    key: str = field(default="", repr=False)
    end_tokens: Sequence[int] = ()

    @property
    def tls(self) -> bool:
        return self._parts.scheme == "https"

    @property
    def host(self) -> str:
        return self._parts.hostname or ""

    @property
    def port(self) -> int:
        return self._parts.port or (443 if self.tls else 80)

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine, as its GPUs do."""
        return self.host in LOOPBACK

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url.rstrip("/").removesuffix("/v1"))

    def chat(self, text: str, output: int) -> bytes:
        """An HTTP request for a streamed answer of at most `output` tokens."""
        asked: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "user", "content": text}],
            "max_tokens": output,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if self.end_tokens:
            asked["logit_bias"] = {str(token): -100 for token in self.end_tokens}
        body = json.dumps(asked).encode()
        lines = [
            f"POST {self._parts.path}/v1/chat/completions HTTP/1.1",
            f"Host: {self._parts.netloc.rpartition('@')[2]}",
            "Content-Type: application/json",
            "Accept: text/event-stream",
            "Cache-Control: no-store",  # what was kept says nothing about an engine
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in self._credentials.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def models(self) -> list[str]:
        """Of chats, as the target lists them. Raises `TargetRefused`."""
        status, body = self._get("/v1/models")
        if status in (401, 403):
            raise TargetRefused(f"{self.url} does not accept this key (status {status}).")
        try:
            listed = json.loads(body)["data"]
            return [str(model["id"]) for model in listed if model.get("tier") != "embeddings"]
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise TargetRefused(
                f"{self.url} is no OpenAI-compatible server: its list of models cannot be read "
                f"(status {status})."
            ) from exc

    @property
    def _credentials(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    def _get(self, path: str) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self.tls else http.client.HTTPConnection
        connection = kind(self.host, self.port, timeout=PATIENCE)
        try:
            connection.request("GET", self._parts.path + path, headers=self._credentials)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as exc:
            raise TargetRefused(f"Nothing answers at {self.url}.") from exc
        finally:
            connection.close()
