"""The console's models, configuration and benchmarks."""

import json
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitor import Visitor
from tests.ui.appliance import Served

pytestmark = pytest.mark.slow

FIGURES = {"output_tokens_per_s": 30.5, "ttft_p50": 0.32, "ttft_p99": 0.416, "itl_p50": 0.09}
REPORT = {
    "conditions": {"when": "2026-11-26 00:18:39 UTC", "processor": "Abacus", "cores": "2"},
    "knee": {"Hearth": "the knee is at 4 clients: waiting"},
    "levels": [
        {"target": "Hearth", "level": level, "figures": FIGURES, "failures": failures}
        for level, failures in (("1 clients", {}), ("4 clients", {"timeout": 3}))
    ],
}


@pytest.fixture
def page(owner: Visitor) -> Page:
    return owner.page


@pytest.fixture
def report(appliance: Served) -> Iterator[str]:
    folder = appliance.house.settings.data / "benchmarks" / "20261126-001839"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps(REPORT))
    yield folder.name
    shutil.rmtree(folder.parent)


def goes_to(page: Page, section: str) -> None:
    page.get_by_role("link", name=section, exact=True).click()


def test_each_model_says_how_it_is_and_what_it_did(appliance: Served, page: Page) -> None:
    appliance.ask("markdown", "Hello")
    goes_to(page, "Models")
    panel = page.get_by_role("region", name="markdown", exact=True)
    expect(panel).to_contain_text("ready")
    expect(panel).to_contain_text("permits, 0 waiting")
    expect(panel).to_contain_text("It has no weights.")
    week = page.get_by_role("table", name="The last 7 days")
    used = week.get_by_role("row").filter(has_text="markdown")
    expect(used).to_be_visible()
    used.get_by_role("link").click()
    receipts = page.get_by_role("region", name="Receipts").locator("tbody tr")
    expect(receipts.first).to_contain_text("markdown")


def test_settings_that_differ_come_first_with_where_they_come_from(page: Page) -> None:
    goes_to(page, "Configuration")
    changed = page.get_by_role("table", name="Differs from the defaults")
    port = changed.get_by_role("row").filter(has=page.get_by_text("port", exact=True))
    expect(port).to_contain_text("8080")
    expect(port).to_contain_text("hearth.yaml")
    expect(changed).not_to_contain_text("temperature")


def test_a_setting_is_found_by_what_it_is_about(page: Page) -> None:
    goes_to(page, "Configuration")
    page.get_by_role("searchbox").fill("waiting tier")
    expect(page.get_by_text("admission.waiting", exact=True)).to_be_visible()
    expect(page.get_by_role("table", name="Differs from the defaults")).to_have_count(0)
    page.get_by_role("searchbox").fill("no such thing")
    expect(page.get_by_text("No setting says that.")).to_be_visible()


def test_a_link_leads_to_a_setting(appliance: Served, page: Page) -> None:
    page.goto(f"{appliance.page}console#configuration/tiers.echo.model")
    expect(page.get_by_text("1 settings, 1 differ")).to_be_visible()


def test_what_the_next_start_will_change_is_shown(appliance: Served, page: Page) -> None:
    file = appliance.house.settings.data / "hearth.yaml"
    as_it_runs = file.read_text()
    next_start = page.get_by_role("table", name="Changed in the file")
    edited = json.loads(as_it_runs)
    edited["limits"]["stop"] = 7
    for text, shown in ((json.dumps(edited), 1), ("limits: [", 0), (as_it_runs, 0)):
        file.write_text(text)
        page.reload()
        goes_to(page, "Configuration")
        expect(page.get_by_text("settings, ")).to_be_visible()
        expect(next_start).to_have_count(shown)
        expect(page.get_by_text("Hearth would not start again")).to_have_count(int(text[-1] == "["))
        if shown:
            expect(next_start).to_contain_text("limits.stop")
            expect(next_start.locator("td code")).to_have_text(["limits.stop", "4", "7"])


def test_before_anything_was_measured_it_is_said_how(page: Page) -> None:
    goes_to(page, "Benchmarks")
    expect(page.get_by_text("Nothing was measured yet.")).to_be_visible()


def test_a_benchmark_shows_its_figures_and_under_which_conditions(page: Page, report: str) -> None:
    goes_to(page, "Benchmarks")
    page.get_by_role("link", name="2026-11-26 00:18:39 UTC").click()
    expect(page.get_by_text("Hearth: the knee is at 4 clients: waiting.")).to_be_visible()
    second = page.get_by_role("table", name="Hearth").get_by_role("row").nth(2)
    for text in ("4 clients", "30.5", "320 / 416", "3 timeout"):
        expect(second).to_contain_text(text)
    plot = page.get_by_role("img", name="Tokens a second")
    expect(plot.locator("polyline")).to_have_count(1)
    expect(page.get_by_text("Abacus")).to_be_visible()
    page.get_by_role("link", name="All benchmarks").click()
    expect(page.get_by_role("table", name="Benchmarks")).to_be_visible()
