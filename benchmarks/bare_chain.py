"""The chain that a Ray Serve user writes first: a FastAPI ingress and an engine behind a handle.

Nothing of Hearth and no setting: it is what benchmarks/gateway.py compares with. Prints "ready".
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import ray
from fastapi import Body, FastAPI
from fastapi.responses import StreamingResponse
from ray import serve
from ray.serve.config import HTTPOptions
from ray.serve.handle import DeploymentHandle

web = FastAPI()


@serve.deployment(max_ongoing_requests=1000)
class Echo:
    def words(self, text: str) -> Iterator[str]:
        yield from text.split()

    def answer(self, text: str) -> str:
        return " ".join(self.words(text))


@serve.deployment(max_ongoing_requests=1000)
@serve.ingress(web)
class Chain:
    def __init__(self, echo: DeploymentHandle[Echo]) -> None:
        self._echo = echo

    @web.post("/v1/chat/completions")
    async def chat(self, body: dict[str, Any] = Body()) -> Any:  # noqa: B008
        text = body["messages"][-1]["content"]
        if body.get("stream"):
            return StreamingResponse(self._events(text), media_type="text/event-stream")
        return {"choices": [{"message": {"content": await self._echo.answer.remote(text)}}]}

    async def _events(self, text: str) -> AsyncIterator[str]:
        async for word in self._echo.options(stream=True).words.remote(text):
            yield f'data: {{"choices": [{{"delta": {{"content": "{word}"}}}}]}}\n\n'
        yield "data: [DONE]\n\n"


async def stopped() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()


if __name__ == "__main__":
    ray.init(include_dashboard=False, log_to_driver=False, _temp_dir=sys.argv[2])
    serve.start(http_options=HTTPOptions(port=int(sys.argv[1])))
    serve.run(Chain.bind(Echo.bind()))
    print("ready", flush=True)
    asyncio.run(stopped())
    serve.shutdown()
