"""A real Chromium in front of the real page. Whatever it complains about fails the test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.browser.visitor import Visitor
from tests.ui.appliance import Place, Served, appliance

__all__ = ["appliance"]

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What Gradio's client logs when a page is left while its event stream is open.
LEAVING = ("AbortError: signal is aborted", "Unexpected error Connection errored out")
expect.set_options(timeout=30_000)


def chromium_path() -> str | None:
    """The system's Chromium; `None`: Playwright's own."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the browser keeps files and compiled scripts: a page starts in less than half the
    time.
    """
    return tmp_path_factory.mktemp("profile")


# Not for the whole session: while Playwright runs, no other event loop can in this thread.
@pytest.fixture(scope="module")
def chromium(profile: Path) -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        if not (chromium_path() or Path(playwright.chromium.executable_path).exists()):
            pytest.skip("There is no Chromium on this machine.")
        browser = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium_path(),
            args=ARGUMENTS,
            locale="en-US",
            permissions=["clipboard-read", "clipboard-write"],
        )
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium: BrowserContext, appliance: Served) -> Iterator[Visitor]:
    """Somebody who has signed in, before an empty shelf."""
    appliance.shelf.clear()
    with visiting(chromium, appliance) as guest:
        guest.sign_in()
        guest.sees_the_chat()
        yield guest


@pytest.fixture
def stranger(chromium: BrowserContext, appliance: Served) -> Iterator[Visitor]:
    with visiting(chromium, appliance) as guest:
        yield guest


@pytest.fixture
def owner(chromium: BrowserContext, appliance: Served) -> Iterator[Visitor]:
    """The owner of the appliance, at the console."""
    with at_console(chromium, appliance) as guest:
        yield guest


@contextmanager
def at_console(chromium: BrowserContext, appliance: Served) -> Iterator[Visitor]:
    with visiting(chromium, appliance, "console") as guest:
        guest.sign_in(appliance.owner)
        expect(guest.page.get_by_role("navigation", name="Console")).to_be_visible()
        yield guest


@contextmanager
def visiting(chromium: BrowserContext, appliance: Place, path: str = "") -> Iterator[Visitor]:
    """Whose browser remembers nothing. `path`: of the page, behind the appliance's own."""
    before = set(chromium.pages)
    page = chromium.new_page()
    page.set_default_navigation_timeout(60_000)
    forget(page, appliance.url)
    complaints = listen(page, appliance.url)
    page.goto(f"{appliance.page}{path}")
    guest = Visitor(page, appliance)
    yield guest
    for opened in set(chromium.pages) - before:
        opened.close()
    assert [text for text in complaints if not text.startswith(tuple(guest.expected))] == []


def forget(page: Page, origin: str) -> None:
    kinds = {"origin": origin, "storageTypes": "cookies,local_storage,indexeddb,cache_storage"}
    page.context.new_cdp_session(page).send("Storage.clearDataForOrigin", kinds)


def listen(page: Page, home: str) -> list[str]:
    """Errors on the console, uncaught errors, and requests to any other server."""
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(LEAVING):
            complaints.append(message.text)

    def on_request(request: Request) -> None:
        if not request.url.startswith((f"{home}/", f"blob:{home}/", "data:")):
            complaints.append(f"request to {request.url}")

    page.on("console", on_console)
    page.on("request", on_request)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints
