"""Derived weights say what the given ones say, are made once, and are never trusted blindly."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelRefused
from models.llama.engine import LlamaEngine
from models.llama.library import Context, Model
from models.llama.sampling import Logits, log_probabilities
from models.llama.settings import BUNDLED_SHA256, Layout, LlamaSettings, bundled_model
from models.llama.weights import derived, is_worth_trying

TEXT = b"The sky is blue because air scatters short waves of light more than long ones. " * 3
SETTINGS = LlamaSettings(path=bundled_model(), sha256=BUNDLED_SHA256, slots=1, threads=2)
AS_Q8 = replace(SETTINGS, layout=Layout(weights="q8_0"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = tmp_path_factory.mktemp("kept")
    derived(bundled_model(), BUNDLED_SHA256, kept, 2)
    return kept


def logprobs(path: Path) -> Logits:
    """(tokens, vocabulary) of `TEXT`."""
    model = Model(path)
    context = Context(model, replace(SETTINGS, layout=Layout(step_tokens=128)))
    tokens = model.tokenize(TEXT, special=False)
    rows = []
    for position, token in enumerate(tokens):
        context.decode([(0, position, np.array([token], np.int32), 1)])
        rows.append(log_probabilities(context.logits()[0]))
    context.close()
    model.close()
    return np.stack(rows)


@pytest.mark.slow
def test_derived_weights_predict_what_the_given_ones_do(folder: Path) -> None:
    path, _ = derived(bundled_model(), BUNDLED_SHA256, folder, 2)
    given, quick = logprobs(bundled_model()), logprobs(path)
    divergence = (np.exp(given) * (given - quick)).sum(axis=1).mean()
    assert divergence < 0.01  # nats per token
    assert (given.argmax(axis=1) == quick.argmax(axis=1)).mean() > 0.9
    assert not is_worth_trying(path)


@pytest.mark.slow
def test_weights_are_derived_once(folder: Path) -> None:
    path, _ = derived(bundled_model(), BUNDLED_SHA256, folder, 2)
    before = path.stat().st_mtime_ns
    assert AS_Q8.with_weights(folder).path == path
    assert path.stat().st_mtime_ns == before
    assert len(list(folder.iterdir())) == 2  # the model and its digest; nothing half done


@pytest.mark.slow
def test_altered_derived_weights_are_refused(folder: Path) -> None:
    settings = AS_Q8.with_weights(folder)
    assert settings.path is not None
    whole = settings.path.read_bytes()
    settings.path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ModelRefused, match="SHA-256"):
        LlamaEngine(settings)
    settings.path.write_bytes(whole)


def test_nothing_is_derived_from_a_model_that_is_not_the_one_expected(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="SHA-256"):
        derived(bundled_model(), "0" * 64, tmp_path, 2)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_without_room_the_model_runs_as_it_is(tmp_path: Path) -> None:
    assert AS_Q8.with_weights(tmp_path / "missing") == AS_Q8
