"""What a visitor does and sees, in the words of the tests."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect


def drop(page: Page, paths: Sequence[Path]) -> None:
    """Files and folders, as if they came from the desktop."""
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        event = {"type": kind, "x": 400, "y": 300, "data": data}
        devtools.send("Input.dispatchDragEvent", event)


@dataclass(frozen=True)
class Visitor:
    """`appliance`: a `Place`, `Served` where the test looks behind it. `expected`: how complaints
    of the console begin that belong to the test.
    """

    page: Page
    appliance: Any
    expected: list[str] = field(default_factory=list)

    @property
    def box(self) -> Locator:
        return self.page.get_by_label("Message Hearth")

    @property
    def turns(self) -> Locator:
        return self.page.locator(".turn")

    @property
    def answer(self) -> Locator:
        """The last answer."""
        return self.page.locator(".turn.assistant").last

    @property
    def chats(self) -> Locator:
        return self.page.locator("#chats li")

    def sign_in(self, key: str | None = None) -> None:
        self.page.get_by_label("Key").fill(self.appliance.key if key is None else key)
        self.page.get_by_role("button", name="Sign in").click()

    def sees_the_chat(self) -> None:
        """The box, and the last of the page's scripts: keys pressed before it mean nothing yet."""
        expect(self.box).to_be_visible()
        expect(self.page.locator("dialog.keys")).to_be_attached()

    def in_another_tab(self) -> "Visitor":
        other = Visitor(self.page.context.new_page(), self.appliance)
        other.page.goto(self.appliance.page)
        other.sees_the_chat()
        return other

    def choose(self, model: str) -> None:
        self.page.get_by_label("Model").click()
        self.page.get_by_role("option", name=model).click()

    def ask(self, text: str, model: str | None = None) -> None:
        if model:
            self.choose(model)
        self.box.fill(text)
        self.box.press("Enter")

    def ask_and_wait(self, text: str, model: str | None = None) -> None:
        self.ask(text, model)
        self.sees_answer("done")

    def sees_answer(self, state: str) -> None:
        expect(self.answer).to_have_attribute("data-state", state)

    def frees(self, model: str) -> None:
        """The engine is idle again within five seconds."""
        deadline = time.monotonic() + 5
        while self.appliance.engines[model].running:
            assert time.monotonic() < deadline, "the engine still generates"
            time.sleep(0.02)

    def drop(self, *paths: Path) -> None:
        drop(self.page, paths)

    @property
    def intake(self) -> Locator:
        """The panel of the documents on their way in."""
        return self.page.get_by_label("Documents of this conversation").first

    def sees_documents(self, states: Sequence[str]) -> None:
        """Each line of the panel, in order, has this state."""
        lines = self.intake.locator("li")
        expect(lines).to_have_count(len(states))
        expect(lines).to_have_class(list(states))

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).last.click()
