"""Every word that the pages show, in the language of this process: a file each, `en.toml` first.

`words.NAME` is a text, whose `{…}` are filled with `str.format`; `words.table(NAME)` are texts that
belong together, most of them what a script shows.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

LANGUAGES: Final = ("en", "de")
_words: dict[str, Any] = {}


def read(language: str) -> Mapping[str, Any]:
    """All words of a language, by name."""
    return tomllib.loads((files("ui") / "words" / f"{language}.toml").read_text())


def speak(language: str) -> None:
    """From now on. To be called before the pages are built: theirs is one language for all."""
    _words.clear()
    _words.update(read(language))


def table(name: str) -> dict[str, Any]:
    return dict(_words[name])


def __getattr__(name: str) -> str:
    try:
        return str(_words[name])
    except KeyError:
        raise AttributeError(f"There is no word {name} in words/*.toml.") from None


speak(LANGUAGES[0])
