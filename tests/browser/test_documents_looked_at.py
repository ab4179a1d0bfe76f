"""Documents that are looked at, found and shared on their page, before a real library."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.keeper import (
    NOT_FOUND,
    PUMP,
    SAID,
    brought,
    keeper,
    link,
    opened,
    table,
)
from tests.browser.visitor import Visitor
from tests.ui.appliance import free_port
from tests.ui.librarian import Librarian, keeping

pytestmark = pytest.mark.slow
pytest_plugins = "tests.browser.newcomer"

DOCUMENT = re.compile("/files/file-[0-9a-f]+$")

# ---- a document


def test_a_document_shows_its_passages_and_opens_at_a_page(newcomer: Visitor, folder: Path) -> None:
    page = newcomer.page
    brought(newcomer, folder)
    link(page, "house.pdf").click()
    expect(page.locator(".inside .about")).to_contain_text("application/pdf · 2 pages")
    expect(page.locator(".passages li").first).to_contain_text("characters 0")
    with page.context.expect_page() as opening:
        page.locator(".passages .original a").first.click()
    assert opening.value.url.startswith(f"blob:{newcomer.appliance.url}/")
    page.bring_to_front()
    link(page, SAID["toDocuments"]).click()
    expect(table(page)).to_have_count(2)


def test_the_passages_of_a_long_document_come_in_parts(newcomer: Visitor, tmp_path: Path) -> None:
    page = newcomer.page
    sentences = " ".join(
        f"Rule number {n} says that visitor {n} leaves by bus." for n in range(1100)
    )
    (tmp_path / "rules.txt").write_text(sentences)
    brought(newcomer, tmp_path / "rules.txt")
    link(page, "rules.txt").click()
    expect(page.locator(".passages li")).to_have_count(50)
    newcomer.press(SAID["later"])
    expect(page.locator(".passages li")).not_to_have_count(50)


def test_attributes_are_edited_and_keep_their_kinds(newcomer: Visitor, folder: Path) -> None:
    page = newcomer.page
    brought(newcomer, folder)
    link(page, "house.pdf").click()
    newcomer.press(SAID["addAttributes"])
    for place, (name, value) in enumerate((("year", "1912"), ("room", '"204"'))):
        if place:
            newcomer.press(SAID["another"])
        page.get_by_label(SAID["attribute"], exact=True).nth(place).fill(name)
        page.get_by_label(SAID["value"], exact=True).nth(place).fill(value)
    with page.expect_request(lambda asked: asked.method == "POST") as request:
        newcomer.press(SAID["save"])
    assert request.value.post_data_json == {"attributes": {"year": 1912, "room": "204"}}
    expect(page.locator(".attributes .pair")).to_have_text(["year 1912", 'room "204"'])


# ---- searching


def test_a_search_says_why_and_leads_to_the_passage(newcomer: Visitor, folder: Path) -> None:
    page = newcomer.page
    brought(newcomer, folder)
    link(page, SAID["search"]).click()
    page.get_by_label(SAID["question"]).fill("How long does parental leave last?")
    page.keyboard.press("Enter")
    first = page.locator(".results li").first
    expect(first.locator("mark").first).to_have_text("Leave")
    expect(first.locator(".why")).to_contain_text("of the question")
    expect(first.locator("thead th")).to_contain_text(
        ["Stage", "BM25", "Words", "Meaning", "Fused"]
    )
    expect(page.locator(".timings")).to_contain_text("token by token")
    link(page, "leave/parental.md").click()
    passage = page.locator(".passages [aria-current]")
    expect(passage).to_be_focused()
    expect(passage.locator("mark").first).to_have_text("Leave")
    page.go_back()
    expect(page.get_by_label(SAID["question"])).to_have_value("How long does parental leave last?")
    page.get_by_label(SAID["compareTokens"]).uncheck()
    page.get_by_label(SAID["question"]).press("Enter")
    expect(first.locator("thead")).not_to_contain_text("Tokens")


def test_the_keyboard_stays_in_the_question_and_on_the_tab(newcomer: Visitor, folder: Path) -> None:
    page = newcomer.page
    brought(newcomer, folder)
    link(page, SAID["settings"]).press("Enter")
    expect(link(page, SAID["settings"])).to_be_focused()
    link(page, SAID["search"]).click()
    field = page.get_by_label(SAID["question"])
    field.fill("Where is the pump?")
    field.press("Enter")
    expect(page.locator(".results li").first).to_be_visible()
    expect(field).to_be_focused()


def test_what_is_written_stays_when_the_document_is_ready(newcomer: Visitor, folder: Path) -> None:
    page = newcomer.page
    brought(newcomer, folder)

    def unread(route: Route) -> None:
        told = route.fetch().json()
        for each in told.get("data", []):
            each["file_counts"]["in_progress"] = 1
        route.fulfill(json={**told, "status": "in_progress"})

    page.route("**/v1/vector_stores?*", unread)
    page.route(DOCUMENT, unread)
    page.reload()
    link(page, "house.pdf").click()
    newcomer.press(SAID["addAttributes"])
    page.get_by_label(SAID["attribute"], exact=True).fill("year")
    page.unroute(DOCUMENT)
    with page.expect_response(DOCUMENT):
        pass
    expect(page.locator(".state .about")).to_be_visible()
    expect(page.get_by_label(SAID["attribute"], exact=True)).to_have_value("year")


# ---- sharing and settings


def test_a_collection_is_shared_with_a_key_that_may_only_read_it(
    chromium: BrowserContext, librarian: Librarian, newcomer: Visitor, folder: Path
) -> None:
    page = newcomer.page
    newcomer.expected.append(NOT_FOUND)
    theirs = replace(librarian, url=librarian.url.replace("127.0.0.1", "localhost"))
    with keeper(chromium, theirs, librarian.reader) as other:  # what it keeps is kept by origin
        expect(opened(other.page)).to_contain_text(SAID["nothingToRead"])
    brought(newcomer, folder)
    link(page, SAID["settings"]).click()
    for key in ("nobody", "colleague"):
        page.get_by_label(SAID["keyHint"]).fill(key)
        newcomer.press(SAID["share"])
        if key == "nobody":
            expect(page.get_by_role("alert")).to_contain_text("No active key has this id or name.")
    expect(page.locator(".readers")).to_contain_text("colleague")
    with keeper(chromium, theirs, librarian.reader) as other:
        expect(other.page.locator(".shelves")).to_contain_text(SAID["sharedWithYou"])
        expect(table(other.page)).to_have_count(2)
        expect(other.page.locator(".zone, .tools button")).to_have_count(0)
        expect(link(other.page, SAID["settings"])).to_have_count(0)
        link(other.page, "house.pdf").click()
        expect(other.page.locator(".passages")).to_contain_text(PUMP)
    newcomer.press("Stop sharing with colleague")
    expect(page.locator(".readers")).to_have_text(SAID["notShared"])


def test_answers_may_be_kept_or_not(newcomer: Visitor, folder: Path) -> None:
    page = newcomer.page
    brought(newcomer, folder)
    link(page, SAID["settings"]).click()
    switch = page.get_by_role("switch", name=SAID["keepAnswers"])
    expect(switch).to_be_checked()
    with page.expect_response(lambda got: got.request.method == "POST"):
        switch.uncheck()
    page.reload()
    expect(switch).not_to_be_checked()


def test_the_former_embedder_is_kept_until_the_new_one_is_confirmed(
    chromium: BrowserContext, tmp_path: Path, folder: Path
) -> None:
    home = tmp_path / "home"
    with keeping(home, free_port()) as place, keeper(chromium, place, place.key) as newcomer:
        brought(newcomer, folder)
        key = place.key
    with (
        keeping(home, free_port(), embedder="other") as place,
        keeper(chromium, place, key) as newcomer,
    ):
        newcomer.expected.append(NOT_FOUND)
        page = newcomer.page
        link(page, SAID["settings"]).click()
        sets = page.locator(".sets li")
        expect(sets).to_contain_text(["other/hashing-1", "hash/hashing-1"])
        newcomer.press(SAID["goBack"])
        expect(page.get_by_role("alert")).to_contain_text("their vectors cannot be compared")
        newcomer.press(SAID["confirmNew"])
        expect(sets).to_have_count(1)
