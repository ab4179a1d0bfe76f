"""What a visitor does and sees, in the words of the tests."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.ui.appliance import Served


@dataclass(frozen=True)
class Visitor:
    page: Page
    appliance: Served

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

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).last.click()
