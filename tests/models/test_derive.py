"""The derived folder means what the GGUF means: the same tokens, the same predictions."""

import ctypes
import json
from pathlib import Path

import llama_cpp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from models import safetensors_file
from models.derive import derive
from models.errors import ModelRefused
from models.llama.library import Context, Model, Tokens
from models.llama.sampling import Logits, log_probabilities
from models.llama.settings import BUNDLED_SHA256, Layout, LlamaSettings, bundled_model

TEXTS = [
    "",
    " ",
    "\n\n\n\t \r\n  x",
    "The sky is blue because air scatters short waves of light more than long ones.",
    "In 2024, 3.14159 of 1,000,000 people (≈0.0003 %) said “don't”; they've I'LL we'd.",
    "def f(x):\n    return {'a': x**2, \"b\": [1, 2]}  # naïve\n",
    "Größe, ΣΑΣ, Привет, мир! 你好、世界。 こんにちは ٣٤٥ ½ Ⅷ ²",
    "👩‍👩‍👧‍👦 🇨🇭 e\u0301 \u00a0\u2003\u200b\ufeff",
    "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n",
    "text<|endoftext|><repo_name>x<reponame>y <|im_start|ish> <empty_output>",
    "https://example.org/a?b=c&d=%20#e  snake_case camelCase SHOUT 0x1F 1e-9",
]
NO_TOKENS = "\x04\x06\x13\x14\x16\x1d"  # the vocabulary cannot spell them; both leave them out
PROSE = " ".join([TEXTS[3], TEXTS[5], "Water boils at one hundred degrees. "]) * 2


def ignore(done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return derive(bundled_model(), tmp_path_factory.mktemp("kept"), ignore, BUNDLED_SHA256)


@pytest.fixture(scope="module")
def model():
    model = Model(bundled_model())
    yield model
    model.close()


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS)
def test_texts_become_the_tokens_of_llama_cpp(
    tokenizer: Tokenizer, model: Model, text: str
) -> None:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert ids == model.tokenize(text.encode(), special=True).tolist()
    assert tokenizer.decode(ids, skip_special_tokens=False) == text


@pytest.mark.slow
@settings(max_examples=500)
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cn"], exclude_characters=NO_TOKENS)))
def test_any_text_becomes_the_tokens_of_llama_cpp(
    tokenizer: Tokenizer, model: Model, text: str
) -> None:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert ids == model.tokenize(text.encode(), special=True).tolist()


@pytest.mark.slow
def test_the_folder_is_read_by_transformers_as_vllm_reads_it(folder: Path) -> None:
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    config = AutoConfig.from_pretrained(folder)
    assert (config.model_type, config.num_key_value_heads, config.head_dim) == ("llama", 3, 64)
    assert config.rope_parameters["rope_theta"] == 100_000
    assert config.rms_norm_eps == 1e-5
    read = AutoTokenizer.from_pretrained(folder)
    chat = [{"role": "user", "content": "12 moons?"}]
    text = read.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert text.endswith("<|im_start|>user\n12 moons?<|im_end|>\n<|im_start|>assistant\n")
    ids = read(text, add_special_tokens=True)["input_ids"]
    assert ids == Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids
    assert read.eos_token_id == 2
    assert GenerationConfig.from_pretrained(folder).eos_token_id[0] == 2


@pytest.mark.slow
def test_generations_end_at_the_tokens_of_llama_cpp(folder: Path, model: Model) -> None:
    ends = json.loads((folder / "generation_config.json").read_text())["eos_token_id"]
    assert set(ends) == model.end_tokens


@pytest.mark.slow
def test_predictions_are_those_of_the_gguf(folder: Path, exact: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    tokens, given = predictions_of_llama_cpp(exact)
    derived = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.inference_mode():
        rows = derived(torch.tensor(tokens[None].astype(np.int64))).logits[0].numpy()
    found = np.stack([log_probabilities(row) for row in rows])
    divergence = (np.exp(given) * (given - found)).sum(axis=1).mean()
    assert divergence < 0.001  # nats per token
    assert (given.argmax(axis=1) == found.argmax(axis=1)).mean() > 0.97


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same weights as f16: with Q4_1, llama.cpp rounds what it multiplies them with."""
    path = tmp_path_factory.mktemp("exact") / "model.gguf"
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = llama_cpp.LLAMA_FTYPE_MOSTLY_F16
    parameters.allow_requantize = True
    paths = str(bundled_model()).encode(), str(path).encode()
    assert llama_cpp.llama_model_quantize(*paths, ctypes.byref(parameters)) == 0
    return path


def predictions_of_llama_cpp(path: Path) -> tuple[Tokens, Logits]:
    """The tokens of `PROSE`, and log probabilities (tokens, vocabulary)."""
    model = Model(path)
    layout = Layout(kv_type="f16", flash_attention=False)
    slots = 16  # so many outputs, at least, a step may have
    given = LlamaSettings(path=path, slots=slots, context_length=256, threads=2, layout=layout)
    context = Context(model, given)
    tokens = model.tokenize(PROSE.encode(), special=False)
    rows = []
    for start in range(0, len(tokens), slots):
        part = tokens[start : start + slots]
        context.decode([(0, start, part, len(part))])
        rows.extend(log_probabilities(row) for row in context.logits())
    context.close()
    model.close()
    return tokens, np.stack(rows)


@pytest.mark.slow
def test_a_model_is_derived_once(folder: Path) -> None:
    def refuse(done: int, total: int) -> None:
        pytest.fail("derived again")

    assert derive(bundled_model(), folder.parent, refuse, BUNDLED_SHA256) == folder
    visible = [path for path in folder.parent.iterdir() if not path.name.startswith(".")]
    assert visible == [folder]
    header = safetensors_file.check(folder / "model.safetensors")
    assert (header.tensors, header.tensor_bytes) == (272, 269_030_016)


@pytest.mark.slow
def test_progress_is_told_until_all_is_done(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    derive(bundled_model(), tmp_path, lambda *done: told.append(done), BUNDLED_SHA256)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]


@pytest.mark.slow
def test_what_fails_half_way_leaves_nothing_and_can_be_done_again(tmp_path: Path) -> None:
    def full(done: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        derive(bundled_model(), tmp_path, full, BUNDLED_SHA256)
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".lock"]
    assert derive(bundled_model(), tmp_path, ignore, BUNDLED_SHA256).is_dir()


def test_a_source_that_is_not_the_one_expected_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="SHA-256"):
        derive(bundled_model(), tmp_path, ignore, "0" * 64)
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".lock"]
