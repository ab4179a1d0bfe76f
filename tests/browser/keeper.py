"""What a keeper of documents does and sees at their page, in the words of the tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, expect
from reportlab.pdfgen.canvas import Canvas

from tests.browser.conftest import visiting
from tests.browser.visitor import Visitor
from tests.index.parsing.samples import pdf
from tests.ui.librarian import Librarian
from ui import words

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


def write_handbook(folder: Path) -> None:
    (folder / "leave").mkdir(parents=True)
    (folder / "leave" / "parental.md").write_text(LEAVE_FILE)
    (folder / "house.pdf").write_bytes(pdf(draw))


@contextmanager
def keeper(chromium: BrowserContext, librarian: Librarian, key: str) -> Iterator[Visitor]:
    """Whoever has the key, at the page."""
    with visiting(chromium, librarian) as visitor:
        visitor.sign_in(key)
        there = visitor.page.locator("#documents-main :is(.welcome, .top, .nothing)")
        expect(there.first).to_be_visible()
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


def has_files(page: Page, names: list[str]) -> None:
    """The appliance soon has copies of these files, and no others."""
    page.wait_for_function(
        """async (names) => {
            if (!window.hearth?.key) return false;
            const headers = { Authorization: `Bearer ${window.hearth.key}` };
            const { data } = await (await fetch("/v1/files", { headers })).json();
            return String(data.map((file) => file.filename).sort()) === String(names);
        }""",
        arg=names,
    )


def link(page: Page, name: str) -> Locator:
    return page.locator("#documents-main").get_by_role("link", name=name, exact=True)
