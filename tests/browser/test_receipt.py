"""How an answer came about, told under it in plain words."""

import json
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.conftest import visiting
from tests.browser.visitor import Visitor
from tests.ui.appliance import TIERS, Served, free_port, served
from ui import words

pytestmark = pytest.mark.slow

SAID = words.table("PAGE")["account"]
PRICED = TIERS["echo"] | {"price": {"input": 1000, "output": 1000}, "energy": {"output": 5e6}}
MASKED = {"policies": {"careful": {"incoming": {"email": "mask"}}}, "default": "careful"}


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    tiers = {name: TIERS[name] for name in ("long", "slow")}
    home = tmp_path_factory.mktemp("home")
    with served(home, free_port(), tiers={"echo": PRICED, **tiers}, filters=MASKED) as running:
        yield running


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Keeps no receipts."""
    home = tmp_path_factory.mktemp("home")
    with served(home, free_port(), receipts={"enabled": False}) as running:
        yield running


def account(visitor: Visitor) -> Locator:
    """Of the last answer, opened."""
    visitor.answer.get_by_role("button", name=SAID["open"]).click()
    return visitor.answer.get_by_role("region", name=SAID["title"])


def row(told: Locator, title: str) -> Locator:
    return told.locator(f'dt:text-is("{title}") + dd')


def test_an_answer_tells_who_gave_it_what_it_cost_and_where_its_time_went(
    chromium: BrowserContext, priced: Served
) -> None:
    with visiting(chromium, priced) as visitor:
        visitor.sign_in()
        visitor.ask_and_wait("Write to anna@example.org", "echo")
        told = account(visitor)
        expect(row(told, SAID["by"])).to_have_text("the model echo, because it was chosen")
        expect(row(told, SAID["tokens"])).to_contain_text("3 read, 3 written")
        expect(row(told, SAID["cost"])).to_contain_text("0.006 by the prices set here")
        expect(row(told, SAID["cost"])).to_contain_text("15 Wh")
        expect(row(told, SAID["filters"])).to_have_text(
            "masked in what was asked: e-mail addresses (1)"
        )
        expect(told.get_by_role("list", name=words.table("TIME")["title"])).to_contain_text("%")
        for title in (SAID["ending"], SAID["kept"], SAID["tries"]):
            expect(row(told, title)).to_have_count(0)
        expect(told.get_by_role("link")).to_have_count(0)
        visitor.press(SAID["open"])
        expect(told).to_have_count(0)


def test_a_choice_by_the_appliance_says_why_and_its_owner_gets_a_way_to_the_receipt(
    chromium: BrowserContext, priced: Served
) -> None:
    with visiting(chromium, priced) as visitor:
        visitor.sign_in(priced.owner)
        visitor.ask_and_wait("Hello", "auto")
        told = account(visitor)
        expect(row(told, SAID["by"])).to_contain_text("because")
        link = told.get_by_role("link", name=SAID["console"])
        assert (link.get_attribute("href") or "").startswith("console#receipts/req_")


def test_a_kept_answer_says_when_the_same_was_asked(visitor: Visitor) -> None:
    for _ in range(2):
        visitor.press("New chat")
        visitor.ask_and_wait("Keep what I ask", "echo")
    told = account(visitor)
    expect(row(told, SAID["kept"])).to_contain_text("the same was asked")
    expect(row(told, SAID["tokens"])).to_have_count(0)


def test_an_answer_that_waited_for_a_place_says_how_long(visitor: Visitor) -> None:
    visitor.choose("slow")
    with visitor.appliance.occupied("slow", 4):
        visitor.ask_and_wait("Is there room?")
    told = account(visitor)
    expect(row(told, SAID["time"])).to_contain_text("waiting for a place")
    expect(told.locator(".queue").first).to_be_visible()


def test_a_broken_answer_tells_what_failed(visitor: Visitor) -> None:
    visitor.ask("Tell me", "broken")
    visitor.sees_answer("failed")
    told = account(visitor)
    expect(row(told, SAID["tries"])).to_contain_text("The broken model came to nothing")
    expect(row(told, SAID["ending"])).to_have_text(SAID["endings"]["engine_interrupted"])


def test_without_receipts_the_page_says_so_calmly(chromium: BrowserContext, silent: Served) -> None:
    with visiting(chromium, silent) as visitor:
        visitor.expected.append(
            "Failed to load resource: the server responded with a status of 404"
        )
        visitor.sign_in()
        visitor.ask_and_wait("Hello", "echo")
        expect(account(visitor)).to_have_text(SAID["off"])
        visitor.press("Good answer")
        expect(visitor.answer.get_by_role("alert")).to_have_text(
            words.table("PAGE")["verdict"]["off"]
        )
        thumb = visitor.answer.get_by_role("button", name="Good answer")
        expect(thumb).to_have_attribute("aria-pressed", "false")


# ---- the words for what a receipt says

InWords = Callable[..., dict[str, list[str]]]
BARE = {"model": "smollm2", "tier": "small", "finish_reason": "stop"}


@pytest.fixture(scope="module")
def in_words(chromium: BrowserContext) -> Iterator[InWords]:
    """What is told of a receipt with these fields, by title."""
    scripts = ("shared/store.js", "shared/amounts.js", "shared/reasons.js", "chat/receipt.js")
    code = "\n".join((files("ui") / "static" / script).read_text() for script in scripts)
    known = {"account": SAID, "time": words.table("TIME")}
    page = chromium.new_page()

    def told(**fields: Any) -> dict[str, list[str]]:
        asked = json.dumps(BARE | fields)
        call = f"const words = {json.dumps(known)};\n{code}\nreturn accountOf({asked});"
        return dict(page.evaluate(f"(() => {{ {call} }})()"))

    yield told
    page.close()


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("named", "because it was chosen"),
        ("easy: 0.31 under 0.50", "because the question looks easy"),
        ("hard: 0.71 over 0.50, an unfamiliar kind", "because the question looks hard"),
        ("it has a long prompt", "because the question has a long text"),
        ("too long for tiny", "because the question is too long for the tiny model"),
        ("large is busy for 12 s", "because the large model was busy"),
        ("large is asleep", "because the large model was asleep"),
        ("large is gone fishing", "because the large model was gone fishing"),
        ("by the moon", "by its rule “by the moon”"),
    ],
)
def test_why_a_model_answered_is_told_in_words(
    in_words: InWords, reason: str, expected: str
) -> None:
    assert in_words(reason=reason)[SAID["by"]] == [f"the small model (smollm2), {expected}"]


def test_what_was_read_and_waited_for_is_counted(in_words: InWords) -> None:
    sources = [{"document": "a", "passages": [1, 2, 3]}, {"document": "b", "passages": [7]}]
    told = in_words(
        sources=sources, notes=["By words alone."], total_ms=1200, queue_ms=800,
        prompt_tokens=120, completion_tokens=40, cached_tokens=64, tokens_per_second=22,
    )  # fmt: skip
    assert told[SAID["documents"]] == ["4 passages from 2 documents", "By words alone."]
    assert told[SAID["time"]] == ["1.2\xa0s, of which 0.8\xa0s waiting for a place"]
    assert told[SAID["tokens"]] == [
        "120 read, 40 written, 22 a second",
        "64 of those read were known from before",
    ]


def test_a_code_without_words_is_shown_as_it_is(in_words: InWords) -> None:
    told = in_words(
        error="moonstruck", brownout=["half_speed"], filters=[["out", "poem", "rhyme", 2]],
        attempts=[["large", "Moonstruck", None], ["small", None, None]], continued=True,
    )  # fmt: skip
    assert told[SAID["ending"]] == ["with “moonstruck”"]
    assert told[SAID["busy"]] == ["half_speed"]
    assert told[SAID["filters"]] == ["rhyme in the answer: poem (2)"]
    assert told[SAID["tries"]] == ["The large model came to nothing: Moonstruck", SAID["continued"]]


def test_an_answer_that_the_documents_do_not_give_is_no_models(in_words: InWords) -> None:
    told = in_words(model=None, tier=None, reason="the documents do not tell")
    assert told[SAID["by"]] == ["no model, because the documents do not say it"]
