"""The console's overview: how the appliance is and what it did, from real receipts."""

import asyncio
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Request, expect

from models.engine import Usage
from serve.receipt import Attempt
from tests.browser.conftest import at_console, visiting
from tests.serve.receipts.receipts_made import row
from tests.ui.appliance import Served, free_port, served

pytestmark = pytest.mark.slow

CRASHED = {
    "status": 503,
    "error": "EngineUnavailable",
    "attempts": [Attempt("echo", 20.0, "EngineUnavailable")],
}
REFUSED = {"status": 429, "error": "RateLimited", "usage": None, "attempts": []}
NUMBER = re.compile(r"\d+")
GONE = "Failed to load resource"  # what the browser says of an appliance out of reach


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """In the last hour it gave eight answers, failed twice and refused once; four answers in the
    hour before; since then the model `tiny` has stopped.
    """
    with served(tmp_path_factory.mktemp("home"), free_port()) as place:
        receipts, now = place.house.receipts, time.time()
        assert receipts is not None
        answered = {"tier": "echo", "ttft_ms": 200.0, "total_ms": 900.0, "usage": Usage(100, 50, 0)}
        for number in range(8):
            receipts.keep(row(number, now - 600 - number, **answered))
        for number, more in enumerate((CRASHED, CRASHED, REFUSED)):
            receipts.keep(row(20 + number, now - 700, tier="echo", **more))
        for number in range(4):
            receipts.keep(row(30 + number, now - 5400, **answered))
        assert receipts.settle(10)
        with ThreadPoolExecutor(1) as aside:  # Playwright's loop runs in this thread
            aside.submit(asyncio.run, place.engines["tiny"].close()).result()
        yield place


@pytest.fixture
def page(chromium: BrowserContext, place: Served) -> Iterator[Page]:
    with at_console(chromium, place) as owner:
        yield owner.page


def tile(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def health(page: Page) -> Locator:
    return page.locator(".health")


def test_what_is_wrong_comes_first_with_its_reason(page: Page) -> None:
    expect(health(page).get_by_role("heading")).to_have_text(re.compile("need"))
    expect(health(page)).to_contain_text("tiny (tiny) does not answer: The engine has been stopped")
    expect(health(page)).to_contain_text("2 of 11 requests failed, most by EngineUnavailable.")
    health(page).get_by_role("link", name="tiny (tiny)").click()
    panel = page.get_by_role("region", name="tiny", exact=True)
    expect(panel).to_contain_text("does not answer")


def test_tiles_say_what_the_last_hour_brought_and_how_that_is_against_the_hour_before(
    page: Page,
) -> None:
    expect(tile(page, "Requests")).to_contain_text("▲ 175%")
    expect(tile(page, "Requests").locator(".value")).to_have_text("11")
    expect(tile(page, "Failed")).to_contain_text("EngineUnavailable 2")
    expect(tile(page, "Refused")).to_contain_text("RateLimited 1")
    expect(tile(page, "First token").locator(".value")).to_have_text("0.2 s p50")
    expect(tile(page, "By tier")).to_contain_text("echo 100%")
    expect(tile(page, "Machine, now")).to_contain_text("free")


def test_a_first_cause_leads_to_its_receipts(page: Page) -> None:
    tile(page, "Failed").get_by_role("link", name="EngineUnavailable").click()
    expect(page).to_have_url(re.compile("#receipts/.*cause=EngineUnavailable"))
    expect(page.get_by_role("region", name="Receipts").locator("tbody tr")).to_have_count(2)


def test_a_window_is_chosen_and_remembered(page: Page) -> None:
    page.get_by_role("button", name="6 h").click()
    expect(tile(page, "Requests").locator(".value")).to_have_text("15")
    page.reload()
    expect(page.get_by_role("button", name="6 h")).to_have_attribute("aria-pressed", "true")
    expect(tile(page, "Requests").locator(".value")).to_have_text("15")


def test_a_plot_is_read_by_keys_and_described_to_who_cannot_see_it(page: Page) -> None:
    plot = page.get_by_role("img", name="Requests", exact=True)
    expect(plot.locator("rect").first).to_be_visible()
    expect(plot.locator("desc")).to_have_text(re.compile(r"answered: 0 to \d+, at last 0\."))
    plot.focus()
    tip = page.locator(".plot .tip:visible")
    for key, count in (("End", 1), ("Home", 1), ("Escape", 0)):
        page.keyboard.press(key)
        expect(tip).to_have_count(count)
    page.keyboard.press("ArrowLeft")
    expect(tip).to_contain_text("answered0")


def test_what_happens_meanwhile_is_seen_and_the_rest_stays_as_it_is(
    page: Page, place: Served
) -> None:
    kept = tile(page, "Refused").locator(".value").element_handle()
    count = tile(page, "Requests").locator(".value")
    expect(count).to_have_text(NUMBER)
    before = int(count.inner_text())
    place.ask("markdown", "Hello")
    expect(count).to_have_text(str(before + 1))
    expect(tile(page, "By tier")).to_contain_text("markdown")
    assert kept.evaluate("(node) => node.isConnected")


def test_nothing_is_asked_while_the_page_is_hidden(page: Page) -> None:
    expect(tile(page, "Requests").locator(".value")).to_have_text(NUMBER)
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/admin/" in request.url:
            asked.append(request.url)

    hide(page, True)
    page.wait_for_timeout(6000)  # one look that was under way, and the time of another one
    page.on("request", note)
    page.wait_for_timeout(6000)
    assert asked == []
    with page.expect_request("**/admin/live"):
        hide(page, False)


def hide(page: Page, hidden: bool) -> None:
    page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", {get: () => hidden, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_an_appliance_out_of_reach_is_told_and_comes_back(
    chromium: BrowserContext, place: Served
) -> None:
    with at_console(chromium, place) as owner:
        owner.expected.append(GONE)
        expect(tile(owner.page, "Requests").locator(".value")).to_have_text(NUMBER)
        owner.page.context.set_offline(True)
        expect(health(owner.page)).to_contain_text("No news from the appliance", timeout=40_000)
        expect(tile(owner.page, "Requests").locator(".value")).to_have_text(NUMBER)
        owner.page.context.set_offline(False)
        expect(health(owner.page)).to_contain_text("up for", timeout=30_000)


def test_a_key_that_may_not_look_reads_one_sentence(
    chromium: BrowserContext, place: Served
) -> None:
    with visiting(chromium, place, "console") as guest:
        guest.sign_in()
        expect(guest.page.get_by_text("This page is for the owner")).to_be_visible()
        expect(guest.page.get_by_role("navigation", name="Console")).to_have_count(0)


def test_without_receipts_it_says_so_and_shows_what_is_known_now(
    chromium: BrowserContext, tmp_path: Path
) -> None:
    with (
        served(tmp_path, free_port(), receipts={"enabled": False}) as place,
        at_console(chromium, place) as owner,
    ):
        owner.expected.append(GONE)  # it is a 404
        expect(owner.page.get_by_text("receipts.enabled")).to_be_visible()
        expect(tile(owner.page, "Machine, now")).to_contain_text("free")
        expect(health(owner.page)).to_contain_text("up for")
