"""The page that keeps documents, before a real library."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from reportlab.pdfgen.canvas import Canvas

from tests.browser.conftest import visiting
from tests.browser.visitor import Visitor
from tests.index.parsing.samples import pdf
from tests.ui.appliance import free_port
from tests.ui.librarian import Librarian, keeping
from ui import words

pytestmark = pytest.mark.slow

SAID = words.table("DOCUMENTS_PAGE")
NOT_FOUND = "Failed to load resource"  # what the console says of every 4xx
LEAVE = "Parental leave lasts 14 weeks for every employee."
PUMP = "The pump stands in the cellar and is serviced every spring."
LEAVE_FILE = f"# Leave\n\n## Parental leave\n\n{LEAVE}\n\n## Holidays\n\nEveryone has 27 days.\n"


def draw(canvas: Canvas) -> None:
    """What is asked for stands on the second page."""
    for line in ("This house was built in 1912.", PUMP):
        canvas.drawString(72, 720, line)
        canvas.showPage()


@pytest.fixture(scope="module")
def librarian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Librarian]:
    answer = tuple(f" {word}" for word in LEAVE.split())
    with keeping(tmp_path_factory.mktemp("home"), free_port(), answer) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    (folder / "leave").mkdir(parents=True)
    (folder / "leave" / "parental.md").write_text(LEAVE_FILE)
    (folder / "house.pdf").write_bytes(pdf(draw))
    return folder


@contextmanager
def keeper(chromium: Browser, librarian: Librarian, key: str = "") -> Iterator[Visitor]:
    """Somebody at the page, by default who may keep documents."""
    with visiting(chromium, librarian) as visitor:
        visitor.sign_in(key or librarian.key)
        expect(
            visitor.page.locator("#documents-main :is(.welcome, .top, .nothing)").first
        ).to_be_visible()
        yield visitor


@pytest.fixture
def visitor(chromium: Browser, librarian: Librarian) -> Iterator[Visitor]:
    """With a key of their own, so that they have nothing yet."""
    with keeper(chromium, librarian, librarian.keys.create("newcomer")[1]) as visitor:
        yield visitor


def opened(page: Page) -> Locator:
    return page.locator("#documents-main .opened")


def table(page: Page) -> Locator:
    return page.locator("#documents-main tbody tr")


def brought(visitor: Visitor, *paths: Path) -> None:
    """The files are dropped, and all are ready."""
    visitor.drop(*paths)
    expect(visitor.page.locator(".intake .close")).to_be_visible(timeout=60_000)
    expect(visitor.page.locator(".intake li:not(.ready)")).to_have_count(0)


def link(page: Page, name: str) -> Locator:
    return page.locator("#documents-main").get_by_role("link", name=name, exact=True)


# ---- the first three minutes


def test_a_newcomer_drops_a_folder_and_gets_a_cited_answer_from_it(
    visitor: Visitor, folder: Path
) -> None:
    page = visitor.page
    expect(page.get_by_role("heading", name=SAID["welcome"])).to_be_visible()
    brought(visitor, folder)
    expect(page.get_by_role("heading", name="handbook")).to_be_visible()
    expect(table(page)).to_have_count(2)
    expect(page.locator(".shelves")).to_contain_text("2 documents")
    link(page, SAID["ask"]).click()
    expect(page.locator("#documents .face")).to_have_accessible_name("Documents: handbook")
    assert page.url == f"{visitor.appliance.url}/ui/"
    visitor.ask_and_wait("How long does parental leave last?")
    expect(visitor.answer.locator(".mark").first).to_have_accessible_name(
        "Source 1: leave/parental.md"
    )


def test_an_empty_collection_says_what_to_do_and_takes_files_of_the_picker(
    visitor: Visitor, folder: Path
) -> None:
    page = visitor.page
    page.get_by_label(SAID["orEmpty"]).fill("Rules")
    visitor.press(SAID["createEmpty"])
    expect(opened(page)).to_contain_text(SAID["emptyCollection"])
    with page.expect_file_chooser() as chooser:
        visitor.press(SAID["chooseFolder"])
    chooser.value.set_files(folder)
    expect(table(page)).to_have_count(2)
    expect(page.locator(".about").first).to_contain_text("2 documents")


# ---- what is brought


def test_a_file_that_cannot_be_read_says_why_and_can_be_read_again(
    visitor: Visitor, folder: Path
) -> None:
    page = visitor.page
    (folder / "setup.exe").write_bytes(b"MZ" + bytes(range(256)) * 20)
    visitor.drop(folder)
    expect(page.locator(".intake")).to_contain_text("2 of 3 ready · 1 refused")
    expect(page.locator(".intake .refused")).to_contain_text("of no kind that can be read")
    visitor.press("Close")
    row = table(page).filter(has_text="setup.exe")
    expect(row).to_contain_text("of no kind that can be read")
    page.get_by_role("group", name=SAID["state"]).get_by_text(SAID["refusedOnes"]).click()
    expect(table(page)).to_have_count(1)
    row.get_by_role("button", name="Read “setup.exe” again").click()
    expect(row).to_contain_text("of no kind that can be read")


def test_a_changed_file_of_the_same_name_takes_the_place_of_the_earlier_one(
    visitor: Visitor, folder: Path
) -> None:
    page = visitor.page
    visitor.expected.append(NOT_FOUND)  # the earlier one, which was looked behind
    brought(visitor, folder)
    earlier = link(page, "leave/parental.md").get_attribute("href") or ""
    (folder / "leave" / "parental.md").write_text("# Leave\n\nParental leave lasts a year.\n")
    visitor.drop(folder)
    expect(link(page, "leave/parental.md")).not_to_have_attribute("href", earlier)
    expect(table(page)).to_have_count(2)
    link(page, "leave/parental.md").click()
    expect(page.locator(".passages")).to_contain_text("lasts a year")


# ---- deleting


def test_a_deleted_document_is_hidden_and_comes_back_or_goes_with_its_file(
    visitor: Visitor, folder: Path
) -> None:
    page = visitor.page
    brought(visitor, folder)
    remove = page.get_by_role("button", name="Delete “house.pdf”")
    remove.click()
    expect(table(page)).to_have_count(1)
    expect(page.locator(".about").first).to_contain_text("1 document")
    visitor.press(SAID["undo"])
    expect(table(page)).to_have_count(2)
    page.reload()
    expect(table(page)).to_have_count(2)
    with page.expect_response(lambda got: "/v1/files/" in got.url, timeout=20_000) as answer:
        remove.click()
        expect(page.locator(".toasts")).to_contain_text("Deleted “house.pdf”.")
    assert answer.value.request.method == "DELETE"
    expect(page.locator(".toasts p")).to_have_count(0)
    expect(table(page)).to_have_count(1)


def test_what_was_deleted_is_gone_after_a_reload_in_the_midst_of_its_ten_seconds(
    visitor: Visitor, folder: Path
) -> None:
    page = visitor.page
    visitor.expected.append(NOT_FOUND)  # it went already as the page was left
    brought(visitor, folder)
    page.get_by_role("button", name="Delete “house.pdf”").click()
    expect(table(page)).to_have_count(1)
    page.reload()
    expect(table(page)).to_have_count(1)
    expect(table(page)).to_contain_text("leave/parental.md")


def test_a_collection_is_renamed_deleted_and_brought_back(visitor: Visitor, folder: Path) -> None:
    page = visitor.page
    brought(visitor, folder)
    visitor.press(SAID["rename"])
    page.get_by_role("textbox", name=SAID["rename"]).fill("House rules")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="House rules")).to_be_visible()
    expect(page.locator(".shelves strong")).to_have_text("House rules")
    visitor.press(SAID["deleteCollection"])
    expect(page.get_by_role("heading", name=SAID["welcome"])).to_be_visible()
    visitor.press(SAID["undo"])
    expect(page.get_by_role("heading", name="House rules")).to_be_visible()
    visitor.expected.append(NOT_FOUND)  # it went already as the page was left
    visitor.press(SAID["deleteCollection"])
    page.reload()
    expect(page.get_by_role("heading", name=SAID["welcome"])).to_be_visible()


# ---- a document


def test_a_document_shows_its_passages_and_opens_at_a_page(visitor: Visitor, folder: Path) -> None:
    page = visitor.page
    brought(visitor, folder)
    link(page, "house.pdf").click()
    expect(page.locator(".inside .about")).to_contain_text("application/pdf · 2 pages")
    expect(page.locator(".passages li").first).to_contain_text("characters 0")
    with page.context.expect_page() as opening:
        page.locator(".passages .original a").first.click()
    assert opening.value.url.startswith(f"blob:{visitor.appliance.url}/")
    page.bring_to_front()
    link(page, SAID["toDocuments"]).click()
    expect(table(page)).to_have_count(2)


def test_the_passages_of_a_long_document_come_in_parts(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.page
    sentences = " ".join(
        f"Rule number {n} says that visitor {n} leaves by bus." for n in range(1100)
    )
    (tmp_path / "rules.txt").write_text(sentences)
    brought(visitor, tmp_path / "rules.txt")
    link(page, "rules.txt").click()
    expect(page.locator(".passages li")).to_have_count(50)
    visitor.press(SAID["later"])
    expect(page.locator(".passages li")).not_to_have_count(50)


def test_attributes_are_edited_and_keep_their_kinds(visitor: Visitor, folder: Path) -> None:
    page = visitor.page
    brought(visitor, folder)
    link(page, "house.pdf").click()
    visitor.press(SAID["addAttributes"])
    for place, (name, value) in enumerate((("year", "1912"), ("room", '"204"'))):
        if place:
            visitor.press(SAID["another"])
        page.get_by_label(SAID["attribute"], exact=True).nth(place).fill(name)
        page.get_by_label(SAID["value"], exact=True).nth(place).fill(value)
    with page.expect_request(lambda asked: asked.method == "POST") as request:
        visitor.press(SAID["save"])
    assert request.value.post_data_json == {"attributes": {"year": 1912, "room": "204"}}
    expect(page.locator(".attributes .pair")).to_have_text(["year 1912", 'room "204"'])


# ---- searching


def test_a_search_says_why_and_leads_to_the_passage(visitor: Visitor, folder: Path) -> None:
    page = visitor.page
    brought(visitor, folder)
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


# ---- sharing and settings


def test_a_collection_is_shared_with_a_key_that_may_only_read_it(
    chromium: Browser, librarian: Librarian, visitor: Visitor, folder: Path
) -> None:
    page = visitor.page
    visitor.expected.append(NOT_FOUND)
    with keeper(chromium, librarian, librarian.reader) as other:
        expect(opened(other.page)).to_contain_text(SAID["nothingToRead"])
    brought(visitor, folder)
    link(page, SAID["settings"]).click()
    for key in ("nobody", "colleague"):
        page.get_by_label(SAID["keyHint"]).fill(key)
        visitor.press(SAID["share"])
        if key == "nobody":
            expect(page.get_by_role("alert")).to_contain_text("No active key has this id or name.")
    expect(page.locator(".readers")).to_contain_text("colleague")
    with keeper(chromium, librarian, librarian.reader) as other:
        expect(other.page.locator(".shelves")).to_contain_text(SAID["sharedWithYou"])
        expect(table(other.page)).to_have_count(2)
        expect(other.page.locator(".zone, .tools button")).to_have_count(0)
        expect(link(other.page, SAID["settings"])).to_have_count(0)
        link(other.page, "house.pdf").click()
        expect(other.page.locator(".passages")).to_contain_text(PUMP)
    visitor.press("Stop sharing with colleague")
    expect(page.locator(".readers")).to_have_text(SAID["notShared"])


def test_answers_may_be_kept_or_not(visitor: Visitor, folder: Path) -> None:
    page = visitor.page
    brought(visitor, folder)
    link(page, SAID["settings"]).click()
    switch = page.get_by_role("switch", name=SAID["keepAnswers"])
    expect(switch).to_be_checked()
    with page.expect_response(lambda got: got.request.method == "POST"):
        switch.uncheck()
    page.reload()
    expect(switch).not_to_be_checked()


def test_the_former_embedder_is_kept_until_the_new_one_is_confirmed(
    chromium: Browser, tmp_path: Path, folder: Path
) -> None:
    home = tmp_path / "home"
    with keeping(home, free_port()) as place, keeper(chromium, place) as visitor:
        brought(visitor, folder)
        key = place.key
    with (
        keeping(home, free_port(), embedder="other") as place,
        keeper(chromium, place, key) as visitor,
    ):
        visitor.expected.append(NOT_FOUND)
        page = visitor.page
        link(page, SAID["settings"]).click()
        sets = page.locator(".sets li")
        expect(sets).to_contain_text(["other/hashing-1", "hash/hashing-1"])
        visitor.press(SAID["goBack"])
        expect(page.get_by_role("alert")).to_contain_text("their vectors cannot be compared")
        visitor.press(SAID["confirmNew"])
        expect(sets).to_have_count(1)


# ---- elsewhere


def test_a_narrow_window_shows_the_list_or_what_is_open(visitor: Visitor, folder: Path) -> None:
    page = visitor.page
    brought(visitor, folder)
    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator(".shelves")).to_be_hidden()
    link(page, SAID["all"]).click()
    expect(page.locator(".shelves")).to_be_visible()
    expect(opened(page)).to_be_hidden()
    page.locator(".shelves li a").click()
    expect(page.get_by_role("heading", name="handbook")).to_be_visible()
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0
