"""The way of a person with two files through the whole appliance: nothing stands in for a part."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect
from reportlab.pdfgen.canvas import Canvas

from tests.browser.conftest import visiting
from tests.cluster.appliance import running
from tests.index.parsing.samples import pdf
from tests.ui.appliance import Place

pytestmark = pytest.mark.slow

LEAVE = "Parental leave lasts 14 weeks for every employee."
PUMP = "The pump stands in the cellar and is serviced every spring."
MARKDOWN = (
    f"# Leave\n\n## Parental leave\n\n{LEAVE} It begins four weeks before the birth.\n\n"
    "## Holidays\n\nEveryone has 27 days of holidays a year.\n"
)
VISITORS = "Visitors leave by the last bus."
STARTED = 30_000  # milliseconds for a page that is being started


def draw(canvas: Canvas) -> None:
    """What is asked for stands on the second page."""
    for page, lines in enumerate((["This house was built in 1912."], [PUMP, "Ask the keeper."])):
        canvas.setFont("Helvetica-Bold", 20)
        canvas.drawString(72, 760, ("The house", "Maintenance")[page])
        canvas.setFont("Helvetica", 11)
        for line, text in enumerate(lines):
            canvas.drawString(72, 720 - 14 * line, text)
        canvas.showPage()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    words = tuple(f" {word}" for word in f"{LEAVE} {PUMP}".split())
    tiers = {"small": {"engine": "scripted", "model": "echo", "script": {"words": words}}}
    folder = tmp_path_factory.mktemp("home")
    with running(folder, tiers=tiers, ui={"enabled": True}) as appliance:
        yield Place(appliance.settings.url, appliance.key)


def test_dropped_files_answer_a_question_and_its_sources_open_where_they_say_it(
    chromium: BrowserContext, place: Place, tmp_path: Path
) -> None:
    (tmp_path / "leave.md").write_text(MARKDOWN)
    (tmp_path / "house.pdf").write_bytes(pdf(draw))
    (tmp_path / "visitors.txt").write_text(VISITORS)
    with visiting(chromium, place) as visitor:
        visitor.sign_in()
        expect(visitor.box).to_be_visible(timeout=STARTED)
        visitor.sees_the_chat()
        visitor.drop(*sorted(tmp_path.iterdir()))
        expect(visitor.intake).to_contain_text("3 of 3 ready", timeout=STARTED)
        visitor.ask_and_wait("How long does parental leave last, and where is the pump?")
        reader = visitor.page.get_by_role("complementary", name="Source")
        for label, quote in (("leave.md", LEAVE), ("house.pdf, page 2", PUMP)):
            mark = visitor.answer.locator(f'.mark[aria-label$="{label}"]')
            mark.click()
            expect(reader.get_by_role("heading")).to_have_text(label.partition(",")[0])
            expect(reader.locator("mark")).to_have_text(quote)
        expect(reader.locator(".where")).to_contain_text("page 2")
        expect(reader.get_by_role("link")).to_have_text("Open the original at page 2")
        visitor.answer.get_by_text("Read, not cited: 1").click()
        visitor.answer.get_by_role("button", name="visitors.txt").click()
        expect(reader.locator(".passage")).to_have_text(VISITORS)
