import asyncio
import sys

import httpx

from tests.ui.appliance import free_port

PATIENCE = 60  # seconds until the pages are there


async def asked(http: httpx.AsyncClient, port: int) -> str | None:
    """What the page is made of; None before it listens."""
    try:
        return (await http.get(f"http://127.0.0.1:{port}/config")).text
    except httpx.ConnectError:
        return None


async def test_the_pages_speak_the_language_that_was_chosen() -> None:
    port = free_port()
    arguments = ["-m", "ui", "--language", "de", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    try:
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as http:
            while (config := await asked(http, port)) is None:
                assert process.returncode is None
                await asyncio.sleep(0.1)
        assert "Nachricht an Hearth" in config
        assert "Message Hearth" not in config
    finally:
        process.terminate()
        await process.wait()
