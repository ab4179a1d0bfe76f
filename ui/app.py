"""The chat page as an ASGI application."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files

import gradio as gr
from fastapi import FastAPI
from starlette.types import ASGIApp

from ui.client import Appliance
from ui.guard import Guard
from ui.page import build
from ui.theme import THEME


def create_app(api_url: str, hosts: Sequence[str] = ()) -> ASGIApp:
    """The page for the appliance at `api_url`, under whatever path it is mounted.

    `hosts` are the names, besides loopback ones, by which browsers may call it. To be called where
    an event loop runs: Gradio would make one of its own otherwise, and never close it.
    """
    appliance = Appliance(api_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await appliance.close()

    page = build(appliance)
    # Gradio sums up its last 10,000 events after each one, in a data frame that nobody here reads.
    page._queue.ANALYTICS_MAX_EVENTS = 1
    page._queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize
    # It also looks for work every millisecond, which is 8 % of a core; nobody notices 20 ms.
    page._queue.sleep_when_free = 0.02

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name="127.0.0.1",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size=1,
        theme=THEME,
        # Not `css`, which Gradio rewrites selector by selector and breaks at `:is(…)`.
        head=f"<style>{style()}</style>",
    )
    return Guard(app, hosts)


def style() -> str:
    """The page's look, in one piece."""
    sheets = ("page.css", "documents.css")
    return "\n".join((files("ui") / "static" / sheet).read_text() for sheet in sheets)
