from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.visitor import Visitor
from tests.ui.shelf import Shelf
from ui import words

pytestmark = pytest.mark.slow

PAGES = (
    b"Lamps are lit at dusk. A match does it.\n\nKettles sing \xf0\x9f\xab\x96 at noon. "
    b"They stop at one.\n\nChairs stand."
)
HOSTILE = (
    "<img src=x onerror='window.owned = 1'> ![x](http://evil.invalid/a.png) kettles sing. "
    "[go](javascript:window.owned=2) <script>window.owned = 3</script>"
)


@pytest.fixture
def shelf(visitor: Visitor) -> Shelf:
    return visitor.appliance.shelf


@pytest.fixture
def reader(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("complementary", name="Source")


def asked(visitor: Visitor, shelf: Shelf, data: bytes = PAGES, name: str = "house.md") -> None:
    """An answer from a collection with this document."""
    store = shelf.add_store("House")["id"]
    shelf.add_document(store, name, data).status = "completed"
    visitor.page.locator("#documents .face").click()
    visitor.page.get_by_role("checkbox", name="House").check()
    visitor.page.keyboard.press("Escape")
    visitor.ask_and_wait("When do kettles sing?")


def test_marks_say_how_far_their_source_supports_them(visitor: Visitor, shelf: Shelf) -> None:
    asked(visitor, shelf)
    marks = visitor.answer.locator(".mark")
    expect(marks).to_have_text(["1", "1", "1"])
    names = [mark.get_attribute("aria-label") for mark in marks.all()]
    assert names == [
        "Source 1: house.md, page 2",
        "Source 1: house.md, page 2, says only part of this",
        "Source 1: house.md, page 2, does not say this",
    ]
    expect(visitor.answer.locator("code")).to_have_text("[1]")
    source = visitor.answer.locator(".source")
    expect(source).to_have_count(1)
    expect(source).to_contain_text("house.md")
    expect(source.locator(".verdict")).to_have_text(["checked", "partly", "not supported"])
    expect(visitor.answer.locator(".missing")).to_have_text("Not in the source: 2023")


def test_marks_and_sources_are_there_after_a_reload(visitor: Visitor, shelf: Shelf) -> None:
    asked(visitor, shelf)
    visitor.page.reload()
    expect(visitor.answer.locator(".mark")).to_have_count(3)
    expect(visitor.answer.locator(".source")).to_have_count(1)


def test_a_mark_leads_to_its_source_beside_one_that_cannot_be_read(
    visitor: Visitor, reader: Locator
) -> None:
    visitor.page.evaluate(
        """() => {
            const cited = {number: 1, verdict: "verified", sentence_start: 0, sentence_end: 20};
            const strange = {...cited, document_name: "strange.md", verdict: "from the future"};
            const citations = [strange, {...cited, document_name: "house.md"}];
            const turns = [{role: "user", text: "When?"},
                {role: "assistant", text: "At noon [1].", state: "done", citations}];
            localStorage.setItem("hearth.chat.kept", JSON.stringify({id: "kept", turns}));
            localStorage.setItem("hearth.title.kept", JSON.stringify({title: "Kept", at: 1}));
            window.dispatchEvent(new CustomEvent("hearth:open", {detail: "kept"}));
        }"""
    )
    visitor.answer.locator(".mark").click()
    expect(reader.get_by_role("heading")).to_have_text("house.md")


def test_the_keyboard_reads_a_source_and_its_neighbours(
    visitor: Visitor, shelf: Shelf, reader: Locator
) -> None:
    asked(visitor, shelf)
    keyboard, mark = visitor.page.keyboard, visitor.answer.locator(".mark").nth(1)
    mark.focus()
    keyboard.press("Enter")
    expect(reader.get_by_role("heading")).to_be_focused()
    expect(reader.locator("mark")).to_have_text("Kettles sing \N{TEAPOT} at noon")
    expect(reader.locator(".verdict")).to_contain_text("Not in the source: 2023")
    keyboard.press("ArrowRight")
    expect(reader.locator(".passage")).to_have_text("Chairs stand.")
    expect(reader.get_by_role("button", name="Next passage")).to_be_disabled()
    keyboard.press("ArrowLeft")
    keyboard.press("ArrowLeft")
    expect(reader.locator(".passage")).to_contain_text("Lamps are lit at dusk.")
    expect(reader.locator(".where")).to_contain_text("page 1")
    keyboard.press("Escape")
    expect(reader).to_be_hidden()
    expect(mark).to_be_focused()


def test_a_passage_that_is_no_longer_there_is_not_replaced_by_another(
    visitor: Visitor, shelf: Shelf, reader: Locator
) -> None:
    asked(visitor, shelf)
    [kept] = [one for known in shelf.documents.values() for one in known.values()]
    kept.data = b"Something else."
    visitor.answer.locator(".mark").first.click()
    expect(reader.locator(".passage")).to_have_text(words.table("READER")["changed"])


def test_hostile_names_and_passages_are_only_text(
    visitor: Visitor, shelf: Shelf, reader: Locator
) -> None:
    name = "<img src=x onerror='window.owned=4'>\"><b>.md"
    asked(visitor, shelf, HOSTILE.encode(), name)
    mark = visitor.answer.locator(".mark").first
    assert mark.get_attribute("title") == f"Source 1: {name}, page 1"
    mark.click()
    expect(reader.get_by_role("heading")).to_have_text(name)
    expect(reader.locator(".passage")).to_have_text(HOSTILE)
    expect(reader.locator(".passage img, .passage a, .passage script")).to_have_count(0)
    expect(visitor.page.locator(".turn img, .reader img, #documents img")).to_have_count(0)
    visitor.page.reload()
    expect(visitor.answer.locator(".mark")).to_have_count(3)
    assert visitor.page.evaluate("window.owned") is None


def test_a_pdf_opens_at_its_page(visitor: Visitor, shelf: Shelf, reader: Locator) -> None:
    asked(visitor, shelf, b"%PDF-1.4\n\nKettles sing at noon.", "house.pdf")
    visitor.answer.locator(".mark").first.click()
    with visitor.page.context.expect_page() as opened:
        reader.get_by_role("link", name="Open the original at page 2").click()
    assert opened.value.url.startswith(f"blob:{visitor.appliance.url}/")
    assert opened.value.url.endswith("#page=2")


@pytest.mark.parametrize("name", ["house.html", "house.pdf", "house.svg"])
def test_a_page_that_could_run_scripts_opens_as_plain_text(
    visitor: Visitor, shelf: Shelf, reader: Locator, name: str
) -> None:
    data = (
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>opener.owned = 1</script></svg> kettles"
    )
    asked(visitor, shelf, data, name)
    visitor.answer.locator(".mark").first.click()
    with visitor.page.context.expect_page() as opened:
        reader.get_by_role("link", name="Open the original").click()
    opened.value.wait_for_load_state()
    assert opened.value.evaluate("document.contentType") == "text/plain"
    assert opened.value.evaluate("window.opener") is None


def test_what_a_browser_cannot_show_safely_is_saved(
    visitor: Visitor, shelf: Shelf, reader: Locator, tmp_path: Path
) -> None:
    data = b"PK\x03\x04\x00\xff kettles"
    asked(visitor, shelf, data, "notes/house.docx")
    visitor.answer.locator(".mark").first.click()
    with visitor.page.expect_download() as download:
        reader.get_by_role("link", name="Open the original").click()
    assert download.value.suggested_filename == "house.docx"
    download.value.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == data
