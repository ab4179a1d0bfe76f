import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter

import pytest

from ui import words

UI = Path(words.__file__).parents[1]
ENGLISH = words.read("en")
OTHERS = [language for language in words.LANGUAGES if language != "en"]


def flat(texts: Mapping[str, object], table: str = "") -> Iterator[tuple[str, object]]:
    for name, text in texts.items():
        if isinstance(text, dict):
            yield from flat(text, f"{table}{name}.")
        else:
            yield table + name, text


def gaps(text: object) -> set[str | None]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(str(text)) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_has_every_word_with_its_gaps(language: str) -> None:
    theirs = dict(flat(words.read(language)))
    ours = dict(flat(ENGLISH))
    assert theirs.keys() == ours.keys()
    examples = "PAGE.examples"
    differ = {n for n in ours if n != examples and gaps(theirs[n]) != gaps(ours[n])}
    assert differ == set()


@pytest.mark.parametrize("language", OTHERS)
def test_most_words_are_translated(language: str) -> None:
    ours, theirs = dict(flat(ENGLISH)), dict(flat(words.read(language)))
    sentences = [name for name, text in ours.items() if str(text).count(" ") > 2]
    assert [name for name in sentences if theirs[name] == ours[name]] == []


def test_the_code_says_words_that_there_are_and_no_others_are_there() -> None:
    said = {"table": set[str](), "text": set[str]()}
    for file in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(ast.Name("words"), "table"), args=[name]):
                    said["table"].add(ast.literal_eval(name))
                case ast.Attribute(ast.Name("words"), str() as name) if name.isupper():
                    said["text"].add(name)
    tables = {name for name, text in ENGLISH.items() if isinstance(text, dict)}
    assert said["table"] == tables
    assert said["text"] == ENGLISH.keys() - tables


def test_the_scripts_say_words_that_there_are() -> None:
    known = (
        {name.rpartition(".")[2] for name, _ in flat(ENGLISH)}
        | {name for _, table in ENGLISH.items() if isinstance(table, dict) for name in table}
        | {"here"}
    )
    said = {
        (file.name, name)
        for file in UI.rglob("*.js")
        for name in re.findall(r"\bwords\.(\w+)", file.read_text())
    }
    assert {(file, name) for file, name in said if name not in known} == set()
