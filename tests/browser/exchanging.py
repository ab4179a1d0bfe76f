"""Conversations leave as files and come in as files, in the words of the tests."""

import json
from pathlib import Path

from playwright.sync_api import Download, expect

from tests.browser.visitor import Visitor


def choose(visitor: Visitor, item: str) -> None:
    visitor.page.get_by_role("button", name="Export, import, keys").click()
    visitor.page.get_by_role("menuitem", name=item).click()


def export(visitor: Visitor, item: str) -> Download:
    with visitor.page.expect_download() as download:
        choose(visitor, item)
    return download.value


def bring_in(visitor: Visitor, *paths: Path) -> str:
    """What the page says then."""
    with visitor.page.expect_file_chooser() as chooser:
        choose(visitor, "Import …")
    chooser.value.set_files(paths)
    status = visitor.page.locator("#chats .told")
    expect(status).to_be_visible()
    expect(status).not_to_have_text("Reading …")
    return status.inner_text()


def written(folder: Path, value: object, name: str = "talks.json") -> Path:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path
