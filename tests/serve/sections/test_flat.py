"""Settings one by one: all of them, with who says so."""

from typing import Any

import pytest
from pydantic import Field

from serve.config import Settings
from serve.sections.flat import Setting, flat
from serve.sections.section import Section


class Inner(Section):
    size: int = Field(3, description="How large.")
    name: str = Field(description="What it is called.")


class Outer(Section):
    many: dict[str, Inner] = Field({}, description="By name.")
    one: Inner = Field(Inner(name="a"), description="One.")
    other: Inner | None = Field(None, description="Perhaps another.")
    words: tuple[str, ...] = Field((), description="Words.")
    numbers: dict[str, int] = Field({}, description="Numbers.")


def found(model: Section, defaults: Section | None = None) -> dict[str, tuple[Any, Any]]:
    each = {".".join(one.path): one for one in flat(model, defaults)}
    return {path: (one.value, one.default) for path, one in each.items()}


def test_every_setting_has_a_line_of_its_own_with_its_default() -> None:
    made = Outer(many={"x": Inner(name="b", size=4)}, one=Inner(name="c"), words=("hi",))
    assert found(made) == {
        "many.x.size": (4, 3),
        "many.x.name": ("b", None),
        "one.size": (3, 3),
        "one.name": ("c", "a"),
        "other": (None, None),
        "words": (["hi"], []),
        "numbers": ({}, {}),
    }
    assert found(made, Outer(many={"x": Inner(name="b")}))["many.x.name"] == ("b", "b")
    assert found(Outer(other=Inner(name="d")))["other.size"] == (3, 3)


def test_the_whole_configuration_can_be_told_and_each_line_is_explained() -> None:
    every = list(flat(Settings()))
    assert len(every) > 100
    assert [one.path for one in every if not one.description] == []


@pytest.mark.parametrize(
    ("value", "file", "environment", "source"),
    [
        (3, {}, [], "default"),
        (3, {"one": {"size": 3}}, [], "file"),
        (4, {"one": {"size": 4}}, [], "file"),
        (4, {"one": {"size": 5}}, ["one__size"], "environment"),
        (4, {"one": {"size": 4}}, ["one__size"], "file"),
        (4, {"one": 7}, [], "file"),
        (None, {"one": {"size": None}}, [], "file"),
        (4, {}, ["one"], "environment"),
        (3, {}, ["one__size"], "default"),
        (4, {"one": None, "two": {"size": 1}}, [], "option"),
    ],
)
def test_who_says_so_is_told(value: Any, file: Any, environment: list[str], source: str) -> None:
    assert Setting(("one", "size"), value, 3, "").source(file, environment) == source
