from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor
from tests.ui.shelf import Shelf
from ui import words

pytestmark = pytest.mark.slow

REFUSED = "Failed to load resource"  # what the console says of every 4xx
PARENTAL = (
    "Annual leave is thirty days. It is agreed with the team.\n\n"
    "Parental leave lasts fourteen months at most. Both parents may share it.\n\n"
    "Sick leave needs a note from the third day on."
)


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    (folder / "leave").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref")
    (folder / "leave" / "parental.md").write_text(PARENTAL)
    (folder / "chairs.md").write_text("Chairs have four legs.")
    return folder


@pytest.fixture
def shelf(visitor: Visitor) -> Iterator[Shelf]:
    yield visitor.appliance.shelf
    visitor.appliance.shelf.clear()


def brought(visitor: Visitor, shelf: Shelf, *paths: Path) -> None:
    """The files are dropped and ready."""
    visitor.drop(*paths)
    expect(visitor.intake.locator("li.ready")).not_to_have_count(0)
    expect(visitor.intake.get_by_role("button", name="Close")).to_be_visible()


def test_a_choice_holds_where_the_browser_has_no_room_to_keep_it(
    visitor: Visitor, shelf: Shelf
) -> None:
    shelf.add_store("House")
    visitor.page.evaluate(
        """() => {
            for (let size = 2 ** 22; size >= 1; size /= 2) {
                const piece = "x".repeat(size);
                try {
                    for (let n = 0; ; n++) localStorage.setItem(`full.${size}.${n}`, piece);
                } catch { /* a smaller piece may fit */ }
            }
        }"""
    )
    visitor.page.locator("#documents .face").click()
    visitor.page.get_by_role("checkbox", name="House").check()
    expect(visitor.page.get_by_role("alert")).to_have_text(words.table("PAGE")["full"])
    expect(visitor.page.locator("#documents .face .name")).to_have_text("House")


# ---- bringing documents


def test_a_dropped_folder_is_asked_and_a_mark_leads_to_the_right_page(
    visitor: Visitor, shelf: Shelf, handbook: Path
) -> None:
    brought(visitor, shelf, handbook)
    assert shelf.names() == {"handbook": ["chairs.md", "leave/parental.md"]}
    expect(visitor.intake).to_contain_text("2 of 2 ready")
    visitor.ask_and_wait("How long does parental leave last?")
    assert shelf.asked[-1]["collections"] == list(shelf.stores)
    mark = visitor.answer.get_by_role("button", name="Source 1: leave/parental.md, page 2").first
    mark.click()
    reader = visitor.page.get_by_role("complementary", name="Source")
    expect(reader.get_by_role("heading")).to_have_text("leave/parental.md")
    expect(reader.locator(".where")).to_contain_text("page 2")
    expect(reader.locator("mark")).to_have_text("Parental leave lasts fourteen months at most")
    expect(reader.locator(".passage")).to_contain_text("Both parents may share it.")
    visitor.page.keyboard.press("Escape")
    expect(reader).to_be_hidden()
    expect(mark).to_be_focused()


def test_the_way_of_each_file_is_shown(visitor: Visitor, shelf: Shelf, handbook: Path) -> None:
    shelf.held = "embedding"
    (handbook / "setup.exe").write_bytes(b"MZ")
    visitor.drop(handbook)
    visitor.sees_documents(["refused", "queued", "queued"])
    expect(visitor.intake).to_contain_text("embedding 1 of 3")
    expect(visitor.intake).to_contain_text("1 hidden file was left out.")
    expect(visitor.intake.get_by_role("progressbar")).to_be_visible()
    expect(visitor.intake.locator(".refused")).to_contain_text("This is a program, not a document.")
    shelf.held = ""
    visitor.sees_documents(["refused", "ready", "ready"])
    expect(visitor.intake.locator(".ready").last).to_contain_text("3 passages")
    expect(visitor.intake.get_by_role("progressbar")).to_be_hidden()


def test_a_question_waits_in_its_box_until_a_document_is_ready(
    visitor: Visitor, shelf: Shelf, handbook: Path
) -> None:
    shelf.held = "reading"
    visitor.drop(handbook)
    visitor.sees_documents(["queued", "queued"])
    visitor.ask("How long is parental leave?")
    expect(visitor.page.get_by_role("alert")).to_have_text(words.table("SOURCES")["notYet"])
    expect(visitor.box).to_have_value("How long is parental leave?")
    expect(visitor.turns).to_have_count(0)


def test_a_reload_finds_documents_again_that_are_under_way(
    visitor: Visitor, shelf: Shelf, handbook: Path
) -> None:
    shelf.held = "embedding"
    visitor.drop(handbook)
    visitor.sees_documents(["queued", "queued"])
    visitor.page.reload()
    visitor.sees_documents(["queued", "queued"])
    shelf.held = ""
    visitor.sees_documents(["ready", "ready"])
    visitor.ask_and_wait("How long does parental leave last?")
    expect(visitor.answer.locator(".mark")).to_have_count(3)


def test_cancelling_ends_what_is_under_way(visitor: Visitor, shelf: Shelf, handbook: Path) -> None:
    shelf.held = "reading"
    visitor.drop(handbook)
    visitor.sees_documents(["queued", "queued"])
    visitor.press("Cancel")
    visitor.sees_documents(["cancelled", "cancelled"])
    [documents] = shelf.documents.values()
    assert {kept.status for kept in documents.values()} == {"cancelled"}


def test_an_upload_that_is_sent_away_comes_again(visitor: Visitor, shelf: Shelf) -> None:
    visitor.expected.append(REFUSED)
    shelf.busy = 1
    with visitor.page.expect_file_chooser() as chooser:
        visitor.press("Add documents")
        visitor.press("Files …")
    chooser.value.set_files({"name": "a.md", "mimeType": "text/plain", "buffer": b"Lamps."})
    visitor.sees_documents(["ready"])
    assert shelf.begun == 2


def test_a_refused_upload_says_why(visitor: Visitor, shelf: Shelf, tmp_path: Path) -> None:
    visitor.expected.append(REFUSED)
    (tmp_path / "empty.txt").touch()
    visitor.drop(tmp_path / "empty.txt")
    visitor.sees_documents(["refused"])
    expect(visitor.intake).to_contain_text("The file is empty.")


def test_a_folder_can_be_picked_and_gives_its_name(
    visitor: Visitor, shelf: Shelf, handbook: Path
) -> None:
    with visitor.page.expect_file_chooser() as chooser:
        visitor.press("Add documents")
        visitor.press("A folder …")
    chooser.value.set_files(handbook)
    visitor.sees_documents(["ready", "ready"])
    assert shelf.names() == {"handbook": ["chairs.md", "leave/parental.md"]}


def test_of_too_many_files_the_first_are_taken(
    visitor: Visitor, shelf: Shelf, tmp_path: Path
) -> None:
    visitor.expected.append(REFUSED)
    shelf.busy = 1_000_000
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(2001):
        (folder / f"{n:04}.txt").write_text("word")
    visitor.drop(folder)
    expect(visitor.intake).to_contain_text("0 of 2000 ready")
    expect(visitor.intake).to_contain_text("Only the first 2000 files were taken.")
    visitor.press("Cancel")
    expect(visitor.intake.get_by_role("button", name="Close")).to_be_visible()


def test_a_deleted_conversation_takes_its_documents_along(
    visitor: Visitor, shelf: Shelf, handbook: Path
) -> None:
    brought(visitor, shelf, handbook)
    visitor.chats.first.get_by_role("button", name="Delete").click()
    [store] = shelf.stores
    with visitor.page.expect_response(f"**/v1/vector_stores/{store}"):
        visitor.press("Delete with its documents?")
    expect(visitor.chats).to_have_count(0)
    assert (shelf.files, shelf.stores) == ({}, {})


# ---- choosing documents


def test_collections_are_chosen_for_each_conversation_and_remembered(
    visitor: Visitor, shelf: Shelf
) -> None:
    for name in ("Contracts", "Handbook"):
        store = shelf.add_store(name)["id"]
        shelf.add_document(store, f"{name}.md", b"Lamps are warm.").status = "completed"
    page, face = visitor.page, visitor.page.locator("#documents .face")
    face.click()
    page.get_by_role("checkbox", name="Contracts").check()
    page.get_by_role("switch", name="Only from my documents").check()
    page.keyboard.press("Escape")
    expect(face).to_have_accessible_name("Documents: Contracts")
    expect(face).to_be_focused()
    visitor.ask_and_wait("Are lamps warm?")
    asked = shelf.asked[-1]
    contracts = next(iter(shelf.stores))
    assert (asked["collections"], asked["documents_only"]) == ([contracts], True)

    visitor.press("New chat")
    expect(face).to_have_accessible_name("Documents: Contracts")
    face.click()
    page.get_by_role("checkbox", name="Contracts").uncheck()
    page.keyboard.press("Escape")
    expect(face).to_have_accessible_name("Documents: No documents")
    page.get_by_role("button", name="Are lamps warm?").click()
    expect(face).to_have_accessible_name("Documents: Contracts")
    page.reload()
    expect(face).to_have_accessible_name("Documents: Contracts")


def test_a_collection_that_is_gone_is_named_so_and_can_be_left_out(
    visitor: Visitor, shelf: Shelf
) -> None:
    shelf.add_store("Contracts")
    face = visitor.page.locator("#documents .face")
    face.click()
    visitor.page.get_by_role("checkbox", name="Contracts").check()
    visitor.page.keyboard.press("Escape")
    shelf.clear()
    face.click()
    gone = visitor.page.get_by_role("checkbox", name="Contracts no longer there")
    gone.uncheck()
    expect(face).to_have_accessible_name("Documents: No documents")
