"""The tokenizer of a GGUF in the form that Hugging Face's libraries read.

llama.cpp knows how a model cuts texts before it merges by a name, `tokenizer.ggml.pre`; only what
was compared with llama.cpp is here.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from models.errors import ModelRefused
from models.llama.gguf_contents import Contents, damaged

TOKENS: Final = "tokenizer.ggml.tokens"
MERGES: Final = "tokenizer.ggml.merges"
TYPES: Final = "tokenizer.ggml.token_type"
ARRAYS: Final = (TOKENS, MERGES, TYPES)

CONTROL, USER_DEFINED = 3, 4  # llama.cpp's token types

# llama.cpp ends a generation at these by their spelling, whatever the file says.
_ENDS: Final = ("<|endoftext|>", "<|im_end|>", "<reponame>")

_BYTE_LEVEL: Final = {
    "type": "ByteLevel",
    "add_prefix_space": False,
    "trim_offsets": True,
    "use_regex": True,
}
_CUTS: Final[Mapping[str, object]] = {
    "smollm": {
        "type": "Sequence",
        "pretokenizers": [{"type": "Digits", "individual_digits": True}, _BYTE_LEVEL],
    }
}


def tokenizer(contents: Contents) -> dict[str, object]:
    """What goes into `tokenizer.json`. Raises `ModelRefused` for a kind that is not known here."""
    cut = contents.text("tokenizer.ggml.pre", "")
    if contents.text("tokenizer.ggml.model") != "gpt2" or cut not in _CUTS:
        raise ModelRefused(f"Tokenizers of the kind {cut!r} cannot be converted.")
    tokens, types = contents.texts(TOKENS), contents.integers(TYPES)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            _added(index, tokens[index], special=kind == CONTROL)
            for index, kind in enumerate(types)
            if kind in (CONTROL, USER_DEFINED)
        ],
        "normalizer": None,
        "pre_tokenizer": _CUTS[cut],
        "post_processor": None,
        "decoder": _BYTE_LEVEL,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": [merge.split(" ", 1) for merge in contents.texts(MERGES)],
        },
    }


def tokenizer_config(contents: Contents) -> dict[str, object]:
    """What goes into `tokenizer_config.json`."""
    tokens = contents.texts(TOKENS)
    named = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}
    special: dict[str, object] = {
        f"{short}_token": _at(tokens, contents.integer(f"tokenizer.ggml.{name}_token_id"))
        for short, name in named.items()
        if f"tokenizer.ggml.{name}_token_id" in contents.keys
    }
    return special | {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": contents.integer("llama.context_length"),
    }


def end_ids(contents: Contents) -> list[int]:
    """The tokens that end a generation, the model's own first."""
    eos = contents.integer("tokenizer.ggml.eos_token_id")
    tokens, types = contents.texts(TOKENS), contents.integers(TYPES)
    others = (i for i, kind in enumerate(types) if kind == CONTROL and tokens[i] in _ENDS)
    return [eos, *(index for index in others if index != eos)]


def _at(tokens: Sequence[str], index: int) -> str:
    if not 0 <= index < len(tokens):
        raise damaged("a special token is not in its vocabulary")
    return tokens[index]


def _added(index: int, content: str, *, special: bool) -> dict[str, object]:
    """A token that is found in a text before the text is cut."""
    return {
        "id": index,
        "content": content,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": special,
    }
