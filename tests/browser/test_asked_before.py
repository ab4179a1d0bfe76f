"""What the page says of answers that were given before."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import visiting
from tests.serve import alike
from tests.ui.appliance import Served, free_port, served
from ui import words

pytestmark = pytest.mark.slow

CLOCK = alike.Clock()
ANSWERED = re.compile(r"^Answered by echo in [\d.]+ s · ")


@pytest.fixture(scope="module")
def remembering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    options = alike.SETTINGS | {"embedder": {}}
    home, helpers = tmp_path_factory.mktemp("home"), alike.helpers(CLOCK)
    with served(home, free_port(), helpers, **options) as running:
        yield running


def test_asked_before_asked_in_other_words_and_only_nearly_asked(
    chromium: BrowserContext, remembering: Served
) -> None:
    with visiting(chromium, remembering) as visitor:
        visitor.sign_in()
        visitor.press("Settings")
        visitor.page.get_by_label(words.SEED).fill("7")
        note = visitor.answer.locator(".note")
        visitor.ask_and_wait(alike.ASKED, "echo")
        expect(note).to_have_text(ANSWERED)
        CLOCK.ahead = 200
        for text, said in (
            (alike.ASKED, "asked before, 3 min ago · a kept answer, after "),
            (alike.REWORDED, "asked before in other words (similar, 0.97), 3 min ago · a kept "),
            *((text, ANSWERED) for text in alike.NEAR_MISSES),
        ):
            visitor.press("New chat")
            visitor.ask_and_wait(text)
            expect(note).to_contain_text(said)
        assert len(remembering.engines["echo"].prompts) == 1 + len(alike.NEAR_MISSES)
