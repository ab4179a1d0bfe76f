"""The tokenizer of a Hugging Face folder, as `models.text.reading` wants it."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from llguidance import LLTokenizer
from numpy.typing import NDArray
from tokenizers import Tokenizer as FastTokenizer

from models.errors import ModelRefused


class FolderTokenizer:
    """Reads tokenizer.json and the small files beside it. Raises `ModelRefused` without them.

    Two copies: one takes control tokens for what they are, the other for plain text.
    """

    def __init__(self, folder: Path) -> None:
        self._config = _read(folder / "tokenizer_config.json")
        self._generation = _read(folder / "config.json") | _read(folder / "generation_config.json")
        try:
            source = (folder / "tokenizer.json").read_text("utf-8")
            self._marked = FastTokenizer.from_str(source)
            self._plain = FastTokenizer.from_str(source)
            self._pieces = LLTokenizer(source)
        except Exception as exc:  # the library raises bare exceptions
            raise ModelRefused("The model's tokenizer.json cannot be read.") from exc
        self._plain.encode_special_tokens = True
        self.template = _template(folder, self._config)

    @cached_property
    def vocabulary_size(self) -> int:
        return int(self._marked.get_vocab_size(with_added_tokens=True))

    @cached_property
    def end_tokens(self) -> frozenset[int]:
        ids = self._generation.get("eos_token_id")
        listed = ids if isinstance(ids, list) else [ids]
        return frozenset(i for i in (*listed, self.eos) if isinstance(i, int) and i >= 0)

    @cached_property
    def control_tokens(self) -> frozenset[int]:
        added = self._marked.get_added_tokens_decoder()
        return frozenset(i for i, token in added.items() if token.special)

    @cached_property
    def bos(self) -> int:
        return self._id("bos_token")

    @cached_property
    def eos(self) -> int:
        return self._id("eos_token")

    @cached_property
    def adds_bos(self) -> bool:
        return bool(self._config.get("add_bos_token", False))

    def spelling(self, token: int) -> str:
        return self._marked.id_to_token(token) or "" if token >= 0 else ""

    def piece(self, token: int) -> bytes:
        if token in self.control_tokens or token in self.end_tokens:
            return b""
        return bytes(self._pieces.decode_bytes([token]))

    def tokenize(self, data: bytes, *, special: bool) -> NDArray[np.int32]:
        tokenizer = self._marked if special else self._plain
        found = tokenizer.encode(data.decode(), add_special_tokens=False)
        return np.array(found.ids, np.int32)

    def _id(self, name: str) -> int:
        """Of a token that the configuration spells, as text or as an object with `content`."""
        value = self._config.get(name)
        spelt = value.get("content") if isinstance(value, dict) else value
        found = self._marked.token_to_id(spelt) if isinstance(spelt, str) else None
        return -1 if found is None else int(found)


def _read(path: Path) -> dict[str, Any]:
    """A JSON object; empty when the file does not exist."""
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise ModelRefused(f"The model's {path.name} cannot be read.") from exc
    if not isinstance(found, dict):
        raise ModelRefused(f"The model's {path.name} is no JSON object.")
    return found


def _template(folder: Path, config: dict[str, Any]) -> str:
    file = folder / "chat_template.jinja"
    if file.exists():
        return file.read_text("utf-8")
    template = config.get("chat_template")
    if isinstance(template, list):  # several, by name
        named = {one.get("name"): one.get("template") for one in template}
        template = named.get("default")
    if not isinstance(template, str):
        raise ModelRefused("The model has no chat template.")
    return template
