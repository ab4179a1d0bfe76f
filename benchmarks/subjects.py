"""What can be loaded with streamed chats: our engine, a locked `llama_cpp.Llama`, a server."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import httpx
import llama_cpp

from models.engine import Message, Prompt, Sampling
from models.llama.engine import LlamaEngine, LlamaSettings
from models.llama.settings import bundled_model


class Subject(Protocol):
    name: str

    def chat(self, system: str, user: str, output: int) -> AsyncIterator[tuple[int, str]]:
        """Greedy. Yields (tokens, text) as they come; at most `output` tokens."""
        ...

    async def close(self) -> None: ...


class Engine:
    """`LlamaEngine` in this process. `tenant` None: every chat is a stranger to the others."""

    def __init__(self, name: str, settings: LlamaSettings, tenant: str | None = None) -> None:
        self.name = name
        self.tenant = tenant
        self.engine = LlamaEngine(settings)
        self._numbers = count()

    async def chat(self, system: str, user: str, output: int) -> AsyncIterator[tuple[int, str]]:
        number = str(next(self._numbers))
        messages = (Message("system", system), Message("user", user))
        sampling = Sampling(temperature=0, max_tokens=output)
        prompt = Prompt(number, self.tenant or number, messages, sampling)
        async for chunk in self.engine.generate(prompt):
            yield chunk.tokens, chunk.text

    async def close(self) -> None:
        await self.engine.close()


class Locked:
    """`llama_cpp.Llama`, which serves one chat at a time."""

    name = "llama_cpp.Llama behind a lock"

    def __init__(self, threads: int, context_length: int, path: Path | None = None) -> None:
        self._lock = asyncio.Lock()
        self._llama = llama_cpp.Llama(
            str(path or bundled_model()),
            n_ctx=context_length,
            n_threads=threads,
            n_threads_batch=threads,
            verbose=False,
        )

    async def chat(self, system: str, user: str, output: int) -> AsyncIterator[tuple[int, str]]:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        async with self._lock:
            chunks: Iterator[Any] = self._llama.create_chat_completion(
                messages,  # type: ignore[arg-type]
                stream=True,
                temperature=0,
                max_tokens=output,
                repeat_penalty=1.0,
            )
            while chunk := await asyncio.to_thread(next, chunks, None):
                if text := chunk["choices"][0]["delta"].get("content"):
                    yield 1, text

    async def close(self) -> None:
        self._llama.close()


class Server:
    """Any server that speaks OpenAI's HTTP. Its `usage` says how many tokens came."""

    def __init__(self, url: str, key: str, model: str) -> None:
        self.name = url
        self._model = model
        limits = httpx.Limits(max_connections=None)
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=600, limits=limits, trust_env=False
        )

    async def chat(self, system: str, user: str, output: int) -> AsyncIterator[tuple[int, str]]:
        body = {
            "model": self._model,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
            "max_tokens": output,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        async with self._http.stream("POST", "/v1/chat/completions", json=body) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    yield _event(json.loads(line[len("data: ") :]))

    async def close(self) -> None:
        await self._http.aclose()


def _event(event: dict[str, Any]) -> tuple[int, str]:
    tokens = (event.get("usage") or {}).get("completion_tokens", 0)
    text = event["choices"][0]["delta"].get("content") or "" if event["choices"] else ""
    return tokens, text
