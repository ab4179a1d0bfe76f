import asyncio
import sys

import httpx

from tests.ui.appliance import free_port

PATIENCE = 60  # seconds until the pages are there


async def test_the_pages_speak_the_language_that_was_chosen() -> None:
    port = free_port()
    arguments = ["-m", "ui", "--language", "de", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    try:
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as http:
            while True:
                try:
                    config = (await http.get(f"http://127.0.0.1:{port}/config")).text
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.1)
        assert "Nachricht an Hearth" in config
        assert "Message Hearth" not in config
    finally:
        process.terminate()
        await process.wait()
