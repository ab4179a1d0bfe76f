"""A cross-encoder from a folder: a tiny one with random weights that is made here."""

import asyncio
from pathlib import Path

import pytest

from models.errors import EngineInterrupted, ModelRefused
from models.reranker import CrossEncoderReranker


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("cross-encoder")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "pump", "leaks", "holiday"]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    shape = {
        "initializer_range": 1.0,
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    config = BertConfig(
        vocab_size=len(words),
        intermediate_size=8,
        max_position_embeddings=32,
        num_labels=1,
        **shape,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.mark.slow
async def test_each_text_has_a_score_that_others_do_not_change(folder: Path) -> None:
    reranker = CrossEncoderReranker(folder)
    texts = ["the pump leaks", "holiday", "pump " * 500]
    together = await reranker.score("the pump", texts)
    alone = [(await reranker.score("the pump", [text]))[0] for text in texts]
    assert together == pytest.approx(alone, abs=1e-4)
    assert len(set(together)) == 3


@pytest.mark.slow
async def test_questions_at_once_do_not_disturb_each_other(folder: Path) -> None:
    reranker = CrossEncoderReranker(folder)
    texts = ["the pump leaks", "holiday"]
    alone = [await reranker.score(asked, texts) for asked in ("pump", "holiday")]
    both = await asyncio.gather(reranker.score("pump", texts), reranker.score("holiday", texts))
    for one, other in zip(alone, both, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


@pytest.mark.slow
def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="no model"):
        CrossEncoderReranker(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelRefused, match="cannot be loaded"):
        CrossEncoderReranker(tmp_path)


@pytest.mark.slow
async def test_a_model_that_fails_says_so_in_one_word(folder: Path) -> None:
    reranker = CrossEncoderReranker(folder)
    with pytest.raises(EngineInterrupted, match="reranker failed"):
        await reranker.score("pump", [object()])  # type: ignore[list-item]
