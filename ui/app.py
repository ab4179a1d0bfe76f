"""The pages as an ASGI application."""

import sys
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import cast

import gradio as gr
from fastapi import FastAPI
from starlette.types import ASGIApp

from ui import words
from ui.chat import Chat
from ui.client import Appliance
from ui.entering import Entering
from ui.guard import Guard
from ui.pages.chat import ChatPage
from ui.pages.console import console
from ui.pages.documents import documents
from ui.pages.playground import playground
from ui.theme import THEME

# Beside the chat, by the name in their URL.
PAGES = {"documents": documents, "playground": playground, "console": console}
SHEETS = (
    "shared/page.css", "shared/plot.css", "shared/time.css", "shared/documents.css",
    "chat/chat.css", "chat/answers.css", "documents/documents.css",
    "playground/playground.css", "console/console.css", "console/records.css",
)  # fmt: skip


def create_app(api_url: str, hosts: Sequence[str] = (), language: str = "en") -> ASGIApp:
    """The pages for the appliance at `api_url`, under whatever path they are mounted.

    `hosts` are the names, besides loopback ones, by which browsers may call them. To be called
    where an event loop runs: Gradio would make one of its own otherwise, and never close it.
    """
    appliance = Appliance(api_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await appliance.close()

    words.speak(language)
    pages = build(appliance)
    # Gradio sums up its last 10,000 events after each one, in a data frame that nobody here reads.
    pages._queue.ANALYTICS_MAX_EVENTS = 1
    pages._queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize
    # It also looks for work every millisecond, which is 8 % of a core; nobody notices 20 ms.
    pages._queue.sleep_when_free = 0.02

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    mount(app, pages)
    return Guard(app, hosts)


def build(appliance: Appliance) -> gr.Blocks:
    """Every page of an appliance, for any number of visitors."""
    entering = Entering(appliance)
    with gr.Blocks(title=words.TITLE, analytics_enabled=False, fill_width=True) as pages:
        ChatPage(entering, Chat(appliance), pages.load)
    for name, page in PAGES.items():
        with pages.route(words.table("WAYS")[name], name):
            page(entering, pages.load)
    return cast(gr.Blocks, pages)


def mount(app: FastAPI, pages: gr.Blocks) -> None:
    with warnings.catch_warnings():
        # That there is no rendering on the server; there never is.
        warnings.filterwarnings("ignore", "SSR mode is not supported")
        gr.mount_gradio_app(
            app,
            pages,
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


def style() -> str:
    """The pages' look, in one piece."""
    return "\n".join((files("ui") / "static" / sheet).read_text() for sheet in SHEETS)
