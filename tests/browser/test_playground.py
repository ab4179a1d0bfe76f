import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import visiting
from tests.browser.visitor import Visitor
from tests.ui.appliance import Served

pytestmark = pytest.mark.slow


@pytest.fixture
def bench(chromium: BrowserContext, appliance: Served) -> Iterator[Visitor]:
    """Somebody who has signed in, at the playground."""
    with visiting(chromium, appliance, "playground") as guest:
        guest.sign_in()
        expect(body(guest.page)).to_have_value(re.compile("messages"))
        yield guest


def body(page: Page) -> Locator:
    return page.get_by_label("Body of the request, JSON")


def panes(page: Page) -> Locator:
    return page.locator(".pane")


def send(page: Page) -> None:
    page.get_by_role("button", name="Send").click()


def test_a_stream_is_shown_event_by_event_with_its_headers(bench: Visitor) -> None:
    page = bench.page
    send(page)
    expect(panes(page).locator(".time")).to_contain_text("all")
    expect(panes(page).locator(".status")).to_have_text("200")
    expect(panes(page).locator(".text")).to_have_text("Why is the sky blue?")
    page.get_by_text("Events as they came").click()
    events = panes(page).locator(".events li")
    expect(events.last.locator("code")).to_have_text("data: [DONE]")
    page.get_by_text("Headers", exact=True).click()
    expect(panes(page).get_by_text("x-request-id", exact=True)).to_be_visible()


def test_what_is_no_json_is_not_sent_and_said(bench: Visitor) -> None:
    body(bench.page).fill('{"messages": [')
    expect(bench.page.get_by_role("alert")).to_contain_text("no JSON")
    expect(bench.page.get_by_role("button", name="Send")).to_be_disabled()


def test_a_refusal_is_shown_as_it_came(bench: Visitor) -> None:
    bench.expected.append("Failed to load resource")
    body(bench.page).fill('{"model": "echo", "messages": [], "surprise": 1}')
    send(bench.page)
    expect(panes(bench.page).locator(".status")).to_have_text("400")
    expect(panes(bench.page).locator(".text")).to_contain_text('"param": "surprise"')


def test_two_models_answer_side_by_side_and_both_are_stopped(bench: Visitor) -> None:
    page = bench.page
    page.get_by_role("combobox", name="Model").select_option("long")
    page.get_by_role("combobox", name="Beside it").select_option("markdown")
    send(page)
    expect(panes(page)).to_have_count(2)
    expect(panes(page).nth(0).get_by_role("heading")).to_have_text("long")
    expect(panes(page).nth(1).locator(".time")).to_contain_text("all")
    page.get_by_role("button", name="Stop").click()
    expect(panes(page).nth(0).locator(".time")).to_have_text("stopped")


def test_without_its_models_the_page_says_why(bench: Visitor) -> None:
    page = bench.page
    bench.expected.append("Failed to load resource")
    refusal = {"status": 500, "json": {"error": {"message": "No models today."}}}
    page.route("**/v1/models", lambda route: route.fulfill(**refusal))
    page.reload()
    expect(page.locator("#playground-main").get_by_role("alert")).to_have_text("No models today.")


@pytest.mark.parametrize("name", ["Embeddings", "Moderation", "Models", "This key"])
def test_other_routes_can_be_tried(bench: Visitor, name: str) -> None:
    page = bench.page
    if name == "Embeddings":
        bench.expected.append("Failed to load resource")  # this appliance has no embedder
    page.get_by_role("combobox", name="Request").select_option(label=name)
    send(page)
    answer = panes(page).locator(".text")
    expect(answer).to_contain_text("{")
    assert isinstance(json.loads(answer.inner_text()), dict)


def test_the_request_is_there_as_a_program(bench: Visitor) -> None:
    page = bench.page
    program = page.get_by_label("As a program", exact=True).last
    expect(program).to_contain_text("curl -sN http")
    page.get_by_role("button", name="Python").click()
    expect(program).to_contain_text("stream=True")
    compile(program.inner_text(), "snippet", "exec")
    page.get_by_role("button", name="JavaScript").click()
    expect(program).to_contain_text("for await (const chunk of answer)")
    page.get_by_role("button", name="Copy").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == program.inner_text()
    assert bench.appliance.key not in copied


def test_it_is_copied_where_browsers_offer_no_clipboard(bench: Visitor) -> None:
    page = bench.page
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("button", name="Copy").press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_focused()
    body(page).fill("")
    body(page).press("Control+V")
    expect(body(page)).to_have_value(re.compile("^curl -sN http"))
