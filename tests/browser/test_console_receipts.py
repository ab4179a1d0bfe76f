"""Receipts at the console: whoever wonders why an answer was slow finds out."""

import re
import time

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.visitor import Visitor
from tests.serve.receipts.receipts_made import receipt, row
from tests.ui.appliance import Served

pytestmark = pytest.mark.slow

REFUSED = "Failed to load resource"  # what the console says of every 4xx


@pytest.fixture
def rows(owner: Visitor) -> Locator:
    """The lines of the list, once it is open."""
    owner.page.get_by_role("link", name="Receipts", exact=True).click()
    return owner.page.get_by_role("table", name="Receipts").locator("tbody tr")


@pytest.fixture(scope="module")
def crowded(appliance: Served) -> Served:
    """One answer came after three others, at a model that gives one at a time."""
    with appliance.occupied("slow", 3):
        appliance.ask("slow", "and now me")
    return appliance


def asked(appliance: Served, model: str) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": f"say {time.time()}"}]}
    headers = {"Authorization": f"Bearer {appliance.key}"}
    return httpx.post(f"{appliance.url}/v1/chat/completions", json=body, headers=headers)


def test_two_clicks_tell_why_an_answer_was_slow(
    crowded: Served, owner: Visitor, rows: Locator
) -> None:
    rows.first.click()
    lead = owner.page.locator(".lead")
    expect(lead).to_have_text(
        re.compile(r"Most of the .+ was waiting for a place: 3 others were ahead\.")
    )
    parts = owner.page.get_by_role("list", name="Where the time went").locator("li")
    expect(parts.filter(has_text="waiting for a place")).to_have_count(1)
    expect(owner.page.locator(".decisions")).to_contain_text(
        "It went to slow, because it was chosen."
    )
    facts = owner.page.locator(".facts")
    expect(facts).to_contain_text("somebody")
    expect(facts).to_contain_text("/v1/chat/completions, in one piece")


def test_what_failed_says_what_came_first(crowded: Served, owner: Visitor, rows: Locator) -> None:
    assert asked(crowded, "broken").status_code >= 500
    owner.page.get_by_label("Outcome").select_option("failed")
    expect(owner.page).to_have_url(re.compile(r"#receipts/\?status=failed$"))
    expect(rows.first).to_contain_text("the engine broke off")
    expect(rows.filter(has_text="slow")).to_have_count(0)
    rows.first.get_by_role("link").click()
    expect(owner.page.locator(".lead")).to_contain_text("It failed: the engine broke off.")
    tries = owner.page.get_by_role("heading", name="Tries").locator("..")
    expect(tries.locator("tbody tr")).not_to_have_count(0)


def test_filters_live_in_the_address_and_a_receipt_leads_back_to_them(
    crowded: Served, owner: Visitor, rows: Locator
) -> None:
    asked(crowded, "echo")
    page = owner.page
    page.get_by_label("Order").select_option("slowest")
    page.get_by_text("More filters").click()
    page.get_by_label("Model", exact=True).fill("slow")
    expect(page).to_have_url(re.compile(r"sort=slowest&model=slow$"))
    expect(rows).to_have_count(4)
    page.reload()
    expect(rows).to_have_count(4)
    expect(page.get_by_label("Order")).to_have_value("slowest")
    expect(page.get_by_label("Model", exact=True)).to_have_value("slow")
    rows.first.click()
    page.locator(".back").click()
    expect(rows).to_have_count(4)
    page.get_by_label("Model", exact=True).fill("nothing like it")
    expect(page.get_by_text("No receipt fits these filters.")).to_be_visible()


def test_a_window_from_elsewhere_stays_until_another_is_chosen(
    crowded: Served, owner: Visitor, rows: Locator
) -> None:
    expect(rows.first).to_be_visible()
    owner.page.evaluate("location.hash = '#receipts/?status=ok&since=1000&until=2000'")
    when = owner.page.get_by_label("When")
    expect(owner.page.get_by_text("No receipt fits these filters.")).to_be_visible()
    expect(when).to_have_value("fixed")
    when.select_option("1h")
    expect(owner.page).to_have_url(re.compile(r"#receipts/\?status=ok&window=1h$"))
    expect(rows.first).to_be_visible()


def test_a_long_list_comes_page_by_page(crowded: Served, owner: Visitor, rows: Locator) -> None:
    assert crowded.house.receipts is not None
    for n in range(70):
        crowded.house.receipts.keep(row(n, time.time() - 3600 - n, model="sage"))
    assert crowded.house.receipts.settle(5)
    owner.page.get_by_text("More filters").click()
    owner.page.get_by_label("Model", exact=True).fill("sage")
    expect(rows.filter(has_text="sage")).to_have_count(50)
    owner.press("Show more")
    expect(rows).to_have_count(70)
    expect(owner.page.get_by_role("button", name="Show more")).to_have_count(0)


def test_looks_at_the_appliance_are_shown_when_wished(
    crowded: Served, owner: Visitor, rows: Locator
) -> None:
    expect(rows.first).to_be_visible()
    expect(rows.filter(has_text="/admin/keys")).to_have_count(0)
    owner.page.get_by_text("More filters").click()
    owner.page.get_by_label("Route").select_option("all")
    expect(rows.filter(has_text="/admin/keys")).not_to_have_count(0)


def test_a_receipt_is_there_whole_to_copy(crowded: Served, owner: Visitor) -> None:
    made = receipt(at=time.time() - 60)
    assert crowded.house.receipts is not None
    crowded.house.receipts.keep(row(at=made.started_at))
    crowded.house.receipts.settle(5)
    owner.page.evaluate(f"location.hash = '#receipts/{made.id}'")
    owner.page.get_by_text("The whole receipt, as JSON").click()
    owner.press("Copy")
    copied = owner.page.evaluate("navigator.clipboard.readText()")
    assert f'"request_id": "{made.id}"' in copied


def test_a_receipt_that_is_not_there_is_said_so(owner: Visitor) -> None:
    owner.expected.append(REFUSED)
    owner.page.evaluate("location.hash = '#receipts/req_nothing'")
    expect(owner.page.get_by_role("alert")).to_have_text("There is no receipt with this id.")
