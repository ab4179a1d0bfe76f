"""Receipts at the console: whoever wonders why an answer was slow finds out."""

import re
import time
from datetime import datetime, timedelta

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


def test_what_its_reader_said_stands_on_it(appliance: Served, owner: Visitor) -> None:
    receipt_id = asked(appliance, "echo").headers["x-request-id"]
    headers = {"Authorization": f"Bearer {appliance.key}"}
    body = {"receipt_id": receipt_id, "rating": "down", "comment": "Not an answer."}
    httpx.post(f"{appliance.url}/v1/feedback", json=body, headers=headers).raise_for_status()
    owner.page.goto(f"{appliance.page}console#receipts/{receipt_id}")
    expect(owner.page.locator(".opinion")).to_contain_text("thumb down")
    expect(owner.page.locator(".opinion")).to_contain_text("Not an answer.")


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


def test_what_was_refused_is_not_among_what_failed(
    crowded: Served, owner: Visitor, rows: Locator
) -> None:
    assert asked(crowded, "nothing").status_code == 404
    owner.page.get_by_label("Outcome").select_option("failed")
    expect(rows.filter(has_text="there is no such model")).to_have_count(0)
    owner.page.get_by_label("Outcome").select_option("refused")
    rows.filter(has_text="there is no such model").first.get_by_role("link").click()
    expect(owner.page.locator(".lead")).to_contain_text("It was refused: there is no such model.")


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


def test_the_last_hour_is_the_appliances_whatever_the_browser_takes_for_it(
    crowded: Served, owner: Visitor, rows: Locator
) -> None:
    owner.page.clock.set_fixed_time(datetime.now() + timedelta(hours=3))
    owner.page.reload()
    owner.page.get_by_label("When").select_option("1h")
    expect(owner.page).to_have_url(re.compile("window=1h"))
    expect(rows.filter(has_text="slow").first).to_be_visible()


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


def test_a_page_that_does_not_come_is_said_and_asked_for_again(
    crowded: Served, owner: Visitor, rows: Locator
) -> None:
    assert crowded.house.receipts is not None
    for n in range(60):
        crowded.house.receipts.keep(row(100 + n, time.time() - 7200 - n, model="owl"))
    assert crowded.house.receipts.settle(5)
    owner.page.evaluate("location.hash = '#receipts/?model=owl'")
    expect(rows.filter(has_text="owl")).to_have_count(50)
    owner.expected.append(REFUSED)
    refusal = {"status": 500, "json": {"error": {"message": "The file is torn."}}}
    owner.page.route("**/admin/receipts?*after=*", lambda route: route.fulfill(**refusal), times=1)
    owner.press("Show more")
    expect(owner.page.get_by_role("alert")).to_have_text("The file is torn.")
    owner.press("Show more")
    expect(rows).to_have_count(60)
    expect(rows.nth(50).get_by_role("link")).to_be_focused()


def test_who_leaves_while_typing_stays_where_they_went(owner: Visitor, rows: Locator) -> None:
    expect(rows.first).to_be_visible()
    owner.page.get_by_text("More filters").click()
    owner.page.get_by_label("Model", exact=True).evaluate(
        """(field) => {
            field.value = "slow";
            field.dispatchEvent(new Event("input", { bubbles: true }));
            location.hash = "#keys";
        }"""
    )
    expect(owner.page.get_by_role("button", name="New key")).to_be_visible()
    owner.page.wait_for_timeout(400)  # as long as typing is waited for
    expect(owner.page).to_have_url(re.compile("#keys$"))


def test_by_keys_alone_one_gets_to_what_was_opened(owner: Visitor, rows: Locator) -> None:
    rows.first.get_by_role("link").press("Enter")
    expect(owner.page.locator(".lead")).to_be_visible()
    expect(owner.page.get_by_role("region", name="Receipts")).to_be_focused()


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
