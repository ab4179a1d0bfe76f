"""Conversations come over from ChatGPT and Open WebUI."""

import copy
import json
import random
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.exchanging import bring_in, export, written
from tests.browser.others_exports import about_kettles, about_lamps, chat_gpt, message, short
from tests.browser.visitor import Visitor
from ui import words

pytestmark = pytest.mark.slow

SAID = words.table("CHATS")
JUNK: list[Any] = [None, 0, -1.5, True, "", "q1", [], {}, [None], {"role": {}}, "__proto__", 1e308]


def titles(visitor: Visitor) -> Locator:
    return visitor.chats.locator(".title")


def open_chat(visitor: Visitor, title: str) -> None:
    visitor.page.get_by_role("button", name=title, exact=True).click()


def bodies(visitor: Visitor) -> Locator:
    return visitor.page.locator(".turn > .body")


def in_short(turns: list[dict[str, Any]]) -> list[Any]:
    """The tree of an export of ours: texts, and where there are others {at, others}."""
    ways = [[in_short(way) for way in turn.get("others", [])] for turn in turns]
    return [
        (turn["text"], turn["at"], others) if others else turn["text"]
        for turn, others in zip(turns, ways, strict=True)
    ]


def kept(visitor: Visitor) -> list[dict[str, Any]]:
    file = export(visitor, "Export all as JSON").path()
    conversations: list[dict[str, Any]] = json.loads(file.read_text())["conversations"]
    return conversations


def test_one_of_chatgpt_comes_with_its_branches_and_without_tools(
    visitor: Visitor, tmp_path: Path
) -> None:
    said = bring_in(visitor, written(tmp_path, [about_lamps()]))
    assert said == "Conversations that came in: 1. Pictures, files and other parts left out: 2."
    open_chat(visitor, "Lamps")
    first = "Let me look.\n\nFrom Turin.([lamps.example](https://lamps.example/a))"
    expect(bodies(visitor)).to_contain_text(
        ["Which lamp is this?", "From Turin.(lamps.example)", "How old is it?", "Very old."]
    )
    expect(visitor.page.locator(".turn .body a")).to_have_attribute("href", re.compile("lamps"))
    [conversation] = kept(visitor)
    assert in_short(conversation["turns"]) == [
        "Which lamp is this?",
        (first, 1, [["A kettle."]]),
        ("How old is it?", 1, [["How odl is it?", "What is odl?"]]),
        "Very old.",
    ]
    assert [turn["model"] for turn in conversation["turns"]] == ["", "gpt-5", "", ""]
    assert conversation["at"] == 1760000600500
    visitor.turns.nth(2).get_by_role("button", name="Previous version").click()
    expect(bodies(visitor).last).to_have_text("What is odl?")


def test_one_of_open_webui_comes_with_both_models_and_without_what_they_thought(
    visitor: Visitor, tmp_path: Path
) -> None:
    said = bring_in(visitor, written(tmp_path, [about_kettles()]))
    assert said.endswith("came in: 1. Pictures, files and other parts left out: 1.")
    open_chat(visitor, "Kettles")
    expect(visitor.turns).to_have_count(4)
    expect(visitor.turns.nth(1).locator(".count")).to_have_text("1/2")
    [conversation] = kept(visitor)
    sing, *more = in_short(conversation["turns"])[1:]
    text, at, others = sing
    assert re.sub(r"\s+", " ", text) == (
        "They sing. <details><summary>More</summary>Loudly.</details>"
    )
    assert (at, others, more) == (0, [["They boil."]], [SAID["noText"], "As you see."])
    assert conversation["turns"][1]["model"] == "qwen"


def test_an_imported_conversation_goes_on_here(visitor: Visitor, tmp_path: Path) -> None:
    bring_in(visitor, written(tmp_path, [about_lamps()]))
    open_chat(visitor, "Lamps")
    visitor.ask_and_wait("And now?", "echo")
    prompt = str(visitor.appliance.engines["echo"].prompts[-1].input)
    assert [text in prompt for text in ("From Turin", "Very old.", "kettle")] == [True, True, False]
    # The same file again: what is here now went on, and stays.
    assert "came in: 1." in bring_in(visitor, written(tmp_path, [about_lamps()]))
    assert "Already here: 1." in bring_in(visitor, written(tmp_path, [about_lamps()]))
    expect(titles(visitor)).to_have_text(["Lamps", "Lamps"])


def test_several_files_come_in_at_once_the_newest_first(visitor: Visitor, tmp_path: Path) -> None:
    first = [short("a", "Third?", 1760000003), short("b", "First?", 1760000001)]
    second = [short("c", "Second?", 1760000002), about_kettles()]
    files = [
        written(tmp_path, value, f"conversations-{n:03}.json")
        for n, value in enumerate([first, second])
    ]
    assert "came in: 4." in bring_in(visitor, *files)
    expect(titles(visitor)).to_have_text(["Kettles", "Third?", "Second?", "First?"])
    assert "came in: 0. Already here: 4." in bring_in(visitor, *files)


def test_what_does_not_fit_stays_out_and_nothing_here_is_lost(
    visitor: Visitor, tmp_path: Path
) -> None:
    visitor.ask_and_wait("About lamps", "echo")
    long = "word " * 60_000  # longer than a turn may be, too
    chats = [short(f"id-{n}", f"{n:02}? {long}", 1760000000 + n) for n in range(40)]
    chats.append(short("small", "Tiny?", 1750000000))
    random.Random(1).shuffle(chats)
    file = written(tmp_path, chats)
    said = bring_in(visitor, file)
    came, full = map(int, re.findall(r"came in: (\d+)\. .* for (\d+) more", said)[0])
    assert (came + full, 15 < came < 30) == (41, True)
    newest = [f"{n:02}?" for n in range(39, 40 - came, -1)]
    expect(titles(visitor)).to_contain_text(["About lamps", *newest, "Tiny?"])
    expect(visitor.page.locator("#chats .told")).to_have_class(re.compile("fault"))
    newest_text = "JSON.parse(localStorage.getItem('hearth.chat.id-39')).turns[0].text"
    assert visitor.page.evaluate(f"{newest_text}.length") == 200_000
    # There is room for what is asked next.
    visitor.page.evaluate("localStorage.setItem('other', ' '.repeat(500_000))")
    visitor.press("New chat")
    visitor.ask_and_wait("About kettles")
    visitor.page.reload()
    expect(visitor.chats).to_have_count(came + 2)


def test_what_was_written_over_there_is_drawn_by_the_server_only(
    visitor: Visitor, tmp_path: Path
) -> None:
    evil = "<img src=x onerror='window.owned = 1'>"
    references = [{"matched_text": "\ue200x\ue201", "alt": evil}]
    metadata = {"model_slug": evil, "content_references": references}
    answer = message("assistant", f"{evil} \ue200x\ue201", metadata=metadata)
    tree = {"q": (None, message("user", evil)), "a": ("q", answer)}
    assert "came in: 1." in bring_in(visitor, written(tmp_path, [chat_gpt(tree, title=evil)]))
    titles(visitor).first.click()
    expect(visitor.answer.locator(".body p")).to_contain_text("<img")
    assert visitor.page.evaluate("window.owned") is None
    expect(visitor.page.locator("#room img, #sidebar img")).to_have_count(0)


def linked(tree: dict[str, str | None], current: str | None) -> dict[str, Any]:
    """A conversation of questions that say their ids."""
    return chat_gpt(
        {id: (parent, message("user", id)) for id, parent in tree.items()}, current_node=current
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (linked({"a": "b", "b": "a"}, "b"), ["a", "b"]),
        (linked({"a": "a"}, "a"), ["a"]),
        (linked({"a": None, "b": "gone", "c": "b"}, "c"), [("b", 1, [["a"]]), "c"]),
        (linked({"a": None, "b": "a", "c": "a"}, "gone"), ["a", ("c", 1, [["b"]])]),
        (linked({"a": None, "b": "a", "c": "b"}, "b"), ["a", "b", "c"]),
    ],
    ids=["cycle", "own parent", "missing parent", "missing current", "current in the middle"],
)
def test_a_damaged_tree_is_mended(
    visitor: Visitor, tmp_path: Path, value: dict[str, Any], expected: list[Any]
) -> None:
    assert "came in: 1." in bring_in(visitor, written(tmp_path, [value]))
    assert [in_short(one["turns"]) for one in kept(visitor)] == [expected]


def test_what_cannot_be_read_keeps_no_other_out(visitor: Visitor, tmp_path: Path) -> None:
    steps = {f"{n}": (f"{n - 1}", message("user", "On")) for n in range(5000)}
    calls = {f"{n}": (f"{n - 1}", message("tool", "On")) for n in range(5000)}
    deep = {
        f"{n}": (f"{n - 2 + n % 2}", message("user", "On"))
        for n in [*range(0, 999, 2), *range(1, 999, 2)]
    }
    bad = [
        None, 7, "x", {}, {"mapping": 3}, {"chat": {"history": {}}},
        *[chat_gpt(tree, current_node=None) for tree in (steps, calls, deep)],
    ]  # fmt: skip
    said = bring_in(visitor, written(tmp_path, [*bad, about_lamps()]))
    assert said.startswith("Conversations that came in: 1. Empty, damaged or too long: 9.")


@pytest.mark.parametrize("whole", [about_lamps(), about_kettles()], ids=["ChatGPT", "Open WebUI"])
def test_nothing_in_a_file_breaks_the_page(
    visitor: Visitor, tmp_path: Path, whole: dict[str, Any]
) -> None:
    dice = random.Random(20261126)
    spoilt = [spoil(whole, dice) for _ in range(400)]
    intact = about_lamps() | {"title": "Intact"}
    said = bring_in(visitor, written(tmp_path, [*spoilt, intact]))
    numbers = [int(n) for n in re.findall(r"(?:came in|here|long): (\d+)", said)]
    assert sum(numbers) == 401
    for conversation in kept(visitor):
        assert conversation["turns"]
    open_chat(visitor, "Intact")
    expect(bodies(visitor).first).to_have_text("Which lamp is this?")


def spoil(value: dict[str, Any], dice: random.Random) -> object:
    """A copy with junk, or another piece of itself, in one to three places."""
    whole = {"id": dice.randbytes(4).hex(), "it": copy.deepcopy(value)}
    whole["it"] |= {"id": whole["id"], "conversation_id": whole["id"]}
    for _ in range(dice.randint(1, 3)):
        places = [*places_in(whole["it"])]
        holder, key = dice.choice(places)
        other, where = dice.choice(places)
        holder[key] = copy.deepcopy(dice.choice([*JUNK, other[where]]))
    return whole["it"]


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """What holds something, and where."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, held in pairs:
        yield value, key
        if isinstance(held, dict | list):
            yield from places_in(held)


# ---- packed, as ChatGPT's export comes


def zipped(folder: Path, files: dict[str, str], way: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w", way) as archive:
        archive.comment = b"PK\5\6 made by a test"
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize("way", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_comes_in_as_it_is(visitor: Visitor, tmp_path: Path, way: int) -> None:
    files = {
        "export/picture.png": "x" * 100_000,
        "export/user.json": '{"id": "me"}',
        "export/conversations-000.json": json.dumps([about_lamps()]),
        "export/conversations-001.json": json.dumps([short("Änd", "Wie spät?", 1760000001)]),
    }
    assert "came in: 2." in bring_in(visitor, zipped(tmp_path, files, way))
    expect(titles(visitor)).to_have_text(["Lamps", "Wie spät?"])


def test_files_of_other_names_in_an_archive_are_tried(visitor: Visitor, tmp_path: Path) -> None:
    archive = zipped(tmp_path, {"chats.json": json.dumps([about_kettles()]), "read.me": "Hello"})
    assert "came in: 1." in bring_in(visitor, archive)


def test_an_archive_that_holds_nothing_or_too_much_or_is_damaged_is_refused(
    visitor: Visitor, tmp_path: Path
) -> None:
    assert bring_in(visitor, zipped(tmp_path, {"a.txt": "Hello"})) == (
        "There are no conversations in export.zip."
    )
    bomb = zipped(tmp_path, {"conversations.json": " " * 70_000_000})
    assert bomb.stat().st_size < 100_000
    assert bring_in(visitor, bomb) == "Too large: 64 MB at most can be read at once."
    whole = zipped(tmp_path, {"conversations.json": json.dumps([about_lamps()])}).read_bytes()
    dice = random.Random(20261127)
    for _ in range(12):
        spoilt = bytearray(whole[: dice.randrange(30, len(whole) + 1)])
        spoilt[dice.randrange(4, len(spoilt))] ^= 1 << dice.randrange(8)
        (tmp_path / "export.zip").write_bytes(spoilt)
        said = bring_in(visitor, tmp_path / "export.zip")
        assert re.search("cannot read|came in|Already here|no conversations|is not JSON", said)


def test_more_than_can_be_read_at_once_is_refused(visitor: Visitor, tmp_path: Path) -> None:
    files = [written(tmp_path, " " * 33 * 2**20 + "[]", f"{n}.json") for n in range(2)]
    assert bring_in(visitor, *files) == "Too large: 64 MB at most can be read at once."
    expect(visitor.chats).to_have_count(0)
