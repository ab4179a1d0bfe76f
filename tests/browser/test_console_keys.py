"""Keys at the console: made, changed, rotated and revoked, counted for groups, and written down."""

import re
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from serve.ledger.keys import Key
from serve.ledger.rights import Rights
from tests.browser.visitor import Visitor
from tests.ui.appliance import Served

pytestmark = pytest.mark.slow

REFUSED = "Failed to load resource"  # what the console says of every 4xx


@pytest.fixture
def page(owner: Visitor) -> Page:
    """The list of keys."""
    owner.page.get_by_role("link", name="Keys", exact=True).click()
    expect(owner.page.get_by_role("button", name="New key")).to_be_visible()
    return owner.page


@pytest.fixture
def named() -> str:
    """A name that no other key has."""
    return f"notebook-{uuid4().hex[:6]}"


@pytest.fixture
def made(appliance: Served, named: str) -> tuple[Key, str]:
    return appliance.house.keys.create(named, Rights(scopes=["chat"]))


def own_key(appliance: Served, text: str) -> httpx.Response:
    return httpx.get(f"{appliance.url}/v1/key", headers={"Authorization": f"Bearer {text}"})


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def opened(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def rows(page: Page) -> Locator:
    return page.locator("tbody tr")


def test_a_new_key_is_shown_once_and_may_what_was_ticked(
    appliance: Served, page: Page, named: str
) -> None:
    page.get_by_role("button", name="New key").click()
    dialog(page).get_by_label("Name", exact=True).fill(named)
    dialog(page).get_by_role("checkbox", name="embed").uncheck()
    dialog(page).get_by_label("Models").fill("echo, long")
    dialog(page).get_by_label("Limits of its own").check()
    dialog(page).get_by_label("Requests a minute").fill("60")
    dialog(page).get_by_label("Tokens a day").fill("1000")
    dialog(page).get_by_role("button", name="Make the key").click()
    text = dialog(page).get_by_label("The key's text").input_value()
    dialog(page).get_by_role("button", name="Copy", exact=True).click()
    assert page.evaluate("navigator.clipboard.readText()") == text
    dialog(page).get_by_role("button", name="I have copied it").click()
    expect(page.get_by_role("heading", name=named)).to_be_visible()
    expect(page.locator("#console-main")).not_to_contain_text(text)
    own = own_key(appliance, text).json()
    assert (own["name"], own["scopes"], own["models"]) == (
        named,
        ["chat", "ingest"],
        ["echo", "long"],
    )
    expect(page.locator(".limit-list")).to_contain_text("1,000 tokens a day")
    expect(page.get_by_role("meter")).to_have_accessible_name("0 used so far (0%)")


def test_what_the_api_refuses_is_said_at_its_field(owner: Visitor, page: Page) -> None:
    owner.expected.append(REFUSED)
    page.get_by_role("button", name="New key").click()
    make = dialog(page).get_by_role("button", name="Make the key")
    make.click()
    name = dialog(page).get_by_label("Name", exact=True)
    expect(name).to_have_accessible_description(re.compile("must not be empty"))
    expect(name).to_be_focused()
    name.fill("somebody new")
    dialog(page).get_by_label("Limits of its own").check()
    requests = dialog(page).get_by_label("Requests a minute")
    requests.fill("0")
    make.click()
    expect(dialog(page).get_by_role("alert")).to_contain_text("Expected a value >= 1")
    expect(requests).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)


def test_a_change_says_only_what_is_other_than_before(
    appliance: Served, page: Page, made: tuple[Key, str]
) -> None:
    page.reload()
    opened(page, made[0].name)
    page.get_by_role("button", name="Change").click()
    dialog(page).get_by_label("Kept answers").select_option("off")
    dialog(page).get_by_role("button", name="Save").click()
    expect(page.locator(".facts")).to_contain_text("never given again")
    act = appliance.house.keys.acts(1)[0]
    assert (act.act, act.target) == ("key.change", made[0].id)
    assert act.details == {"name": made[0].name, "cache": "off"}


def test_a_rotated_key_is_good_beside_the_new_one_for_a_while(
    appliance: Served, page: Page, made: tuple[Key, str]
) -> None:
    page.reload()
    opened(page, made[0].name)
    page.get_by_role("button", name="Rotate").click()
    dialog(page).get_by_label("How long the old text stays good").select_option("86400")
    dialog(page).get_by_role("button", name="Rotate").click()
    new = dialog(page).get_by_label("The key's text").input_value()
    assert new != made[1]
    assert [own_key(appliance, text).status_code for text in (made[1], new)] == [200, 200]
    assert own_key(appliance, made[1]).json()["expires_at"] is not None


def test_a_revoked_key_is_asked_about_refused_and_out_of_the_list(
    appliance: Served, page: Page, made: tuple[Key, str]
) -> None:
    own_key(appliance, made[1])
    page.reload()
    opened(page, made[0].name)
    page.get_by_role("button", name="Revoke").click()
    expect(dialog(page)).to_contain_text("Its next request is refused, and that cannot be undone.")
    expect(dialog(page)).to_contain_text("It made 1 requests in the last 7 days.")
    expect(dialog(page).get_by_role("button", name="Cancel")).to_be_focused()
    dialog(page).get_by_role("button", name="Revoke").click()
    expect(rows(page).filter(has_text="somebody")).not_to_have_count(0)
    expect(rows(page).filter(has_text=made[0].name)).to_have_count(0)
    assert own_key(appliance, made[1]).status_code == 401
    page.get_by_label("revoked or expired").check()
    expect(rows(page).filter(has_text=made[0].name)).to_contain_text("revoked")


def test_who_revokes_the_own_key_is_told_so(page: Page) -> None:
    opened(page, "owner")
    page.get_by_role("button", name="Revoke").click()
    expect(dialog(page)).to_contain_text("you will have to sign in with another one")


def test_a_team_has_a_budget_for_all_its_keys_and_stays_while_they_do(
    appliance: Served, owner: Visitor, page: Page, named: str
) -> None:
    owner.expected.append(REFUSED)
    page.get_by_role("link", name="Teams, people, programs").click()
    page.get_by_role("button", name="New group").click()
    dialog(page).get_by_label("Name", exact=True).fill("two words")
    dialog(page).get_by_role("button", name="Make it").click()
    expect(dialog(page).get_by_role("alert")).to_contain_text("must match the pattern")
    team = named.replace("notebook", "team")
    dialog(page).get_by_label("Name", exact=True).fill(team)
    dialog(page).get_by_label("Tokens a month").fill("5000")
    dialog(page).get_by_role("button", name="Make it").click()
    card = page.get_by_role("article", name=team)
    expect(card).to_contain_text("5,000 tokens a month")
    key, _ = appliance.house.keys.create(named, Rights(parent=team))
    card.get_by_role("button", name="Remove").click()
    dialog(page).get_by_role("button", name="Remove").click()
    expect(dialog(page).get_by_role("alert")).to_contain_text("still count for this group")
    dialog(page).get_by_role("button", name="Cancel").click()
    page.evaluate(f"location.hash = '#keys/{key.id}'")
    expect(page.get_by_role("heading", name=f"Of the team {team}")).to_be_visible()


def test_the_log_says_who_did_what(appliance: Served, page: Page, made: tuple[Key, str]) -> None:
    appliance.house.keys.change(made[0].id, {"scopes": ["chat", "embed"]})
    page.get_by_role("link", name="Audit log").click()
    newest = rows(page).first
    expect(newest).to_contain_text("changed the key")
    expect(newest).to_contain_text(made[0].name)
    expect(newest).to_contain_text("May: ask, embed")
