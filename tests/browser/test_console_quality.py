"""Quality at the console: golden questions run by run, and what people think of answers."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from serve.ledger.quality import Outcome, QualityFile, Run
from tests.browser.conftest import at_console
from tests.browser.visitor import Visitor
from tests.ui.appliance import Served, free_port, served

pytestmark = pytest.mark.slow

REFUSED = "Failed to load resource"  # what the console says of every 4xx
QUESTIONS = [f"What does lamp {n} cost?" for n in range(12)]


@pytest.fixture(scope="module")
def questioned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An appliance with golden questions, the last run of which went badly."""
    home = tmp_path_factory.mktemp("quality")
    golden = home / "golden.jsonl"
    golden.write_text("\n".join(json.dumps({"question": one, "exact": "5"}) for one in QUESTIONS))
    with served(home, free_port(), quality={"questions": str(golden)}) as running:
        for share in (12, 12, 11, 3):
            run(running.house.settings.quality_file, share)
        yield running


def run(file: Path, passed: int) -> None:
    at = time.time()
    outcomes = [
        Outcome(one, one, "lamps", n < passed, "" if n < passed else "exact: it is another answer")
        for n, one in enumerate(QUESTIONS)
    ]
    QualityFile(file).add(Run(at, at, "due", "all"), outcomes)


@pytest.fixture
def page(chromium: BrowserContext, questioned: Served) -> Iterator[Page]:
    with at_console(chromium, questioned) as owner:
        owner.page.get_by_role("link", name="Quality").click()
        expect(owner.page.get_by_role("heading", name="Golden questions")).to_be_visible()
        yield owner.page


def test_a_drop_is_said_and_what_failed_is_shown(page: Page) -> None:
    expect(page.get_by_role("status").first).to_have_text("Answers have become worse: lamps.")
    runs = page.get_by_role("table", name="Runs").locator("tbody tr")
    expect(runs).to_have_count(4)
    expect(runs.first).to_contain_text("25%")
    expect(runs.first).to_contain_text("worse")
    last = page.get_by_role("heading", name="The last run").locator("..")
    expect(last.locator("tbody tr:visible")).to_have_count(9)
    expect(last).to_contain_text("exact: it is another answer")
    last.get_by_text("3 that passed").click()
    expect(last.locator("tbody tr:visible")).to_have_count(12)


def test_whoever_wishes_it_has_them_asked_soon(questioned: Served, page: Page) -> None:
    page.get_by_role("button", name="Ask them now").click()
    expect(page.get_by_role("status").first).to_contain_text("as soon as nobody else is answered")
    expect(page.get_by_role("button", name="Ask them now")).to_be_disabled()
    assert questioned.house.quality.notes()["wished"]


def test_a_comment_leads_to_the_receipt_of_its_answer(questioned: Served, page: Page) -> None:
    headers = {"Authorization": f"Bearer {questioned.key}"}
    with httpx.Client(base_url=questioned.url, headers=headers) as client:
        body = {"model": "echo", "messages": [{"role": "user", "content": "lamps"}]}
        answer = client.post("/v1/chat/completions", json=body)
        about = {"receipt_id": answer.headers["x-request-id"], "rating": "down"}
        client.post("/v1/feedback", json={**about, "comment": "<b>Too short</b>"})
    page.get_by_label("When").select_option("7")
    comments = page.get_by_role("heading", name="Newest comments").locator("..")
    expect(comments).to_contain_text("<b>Too short</b>")
    thumbs = page.locator("tbody tr").filter(has_text="echo").last
    expect(thumbs).to_contain_text("0%")
    comments.get_by_role("link", name="its receipt").click()
    expect(page.get_by_role("heading", name="What was said about it")).to_be_visible()


def test_without_questions_the_page_says_how_to_have_some(owner: Visitor) -> None:
    owner.expected.append(REFUSED)
    owner.page.get_by_role("link", name="Quality").click()
    nothing = owner.page.locator(".nothing").first
    expect(nothing).to_have_text(
        "There are no golden questions here: quality.questions is not set."
    )
    expect(owner.page.get_by_role("heading", name="What people think")).to_be_visible()
