"""Whoever comes to the page of documents for the first time, and a folder that they bring."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.keeper import LEAVE, keeper, write_handbook
from tests.browser.visitor import Visitor
from tests.ui.appliance import free_port
from tests.ui.librarian import Librarian, keeping


@pytest.fixture(scope="module")
def librarian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Librarian]:
    answer = tuple(f" {word}" for word in LEAVE.split())
    with keeping(tmp_path_factory.mktemp("home"), free_port(), answer) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_handbook(tmp_path / "handbook")
    return tmp_path / "handbook"


@pytest.fixture
def newcomer(chromium: BrowserContext, librarian: Librarian) -> Iterator[Visitor]:
    """With a key of their own, so that they have nothing yet."""
    with keeper(chromium, librarian, librarian.keys.create("newcomer")[1]) as visitor:
        yield visitor
