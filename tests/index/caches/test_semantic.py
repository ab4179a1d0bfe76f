"""Questions in other words: which are found, which are refused and why, and how much is kept."""

import random
import tracemalloc
from functools import partial

import numpy as np
import pytest

from index.caches.semantic import SemanticCache
from index.caches.verdict import Sentence
from tests.index.caches.plain_verdict import by_cosine

HOME, AWAY = b"tenant and all", b"another tenant"
WIDE = 384
KEPT = "How many days off are there after 2 years?"


def sentence(text: str, angle: float = 0.0) -> Sentence:
    """Its cosine with one at angle 0 is cos(`angle`)."""
    vector = np.zeros(WIDE, np.float32)
    vector[:2] = np.cos(angle), np.sin(angle)
    return Sentence(text, vector, np.tile(np.rint(127 * vector).astype(np.int8), (12, 1)))


@pytest.fixture
def cache() -> SemanticCache:
    cache = SemanticCache(1 << 20, by_cosine(), 0.01, draw=random.Random(0).random)
    cache.put(HOME, b"key", sentence(KEPT))
    return cache


def test_the_same_in_other_words_is_found(cache: SemanticCache) -> None:
    found = cache.find(HOME, sentence("After 2 years, how many days off are there?", 0.2))
    assert (found.key, found.reason) == (b"key", "similar, 0.98")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("How many days off are there after 3 years?", "vetoed: number"),
        ("How many days off are there not after 2 years?", "vetoed: negation"),
        ("How many days off are there before 2 years?", "vetoed: opposite"),
        ("How many days off are there after 2 weeks?", "vetoed: unit"),
        ("How many days off are there in Ghana after 2 years?", "vetoed: name"),
        ("How many days off are there after 2 years? As JSON", "vetoed: format"),
    ],
)
def test_a_near_miss_with_the_very_same_embedding_is_refused(
    cache: SemanticCache, asked: str, reason: str
) -> None:
    """What an attacker would craft: a question whose vectors are those of a kept one."""
    found = cache.find(HOME, sentence(asked))
    assert (found.key, found.reason) == (None, reason)


def test_a_question_whose_answer_is_gone_stands_in_nobodys_way(cache: SemanticCache) -> None:
    cache.put(HOME, b"later", sentence("After 2 years, how many days off are there?", 0.3))
    assert cache.find(HOME, sentence(KEPT), lambda key: key == b"later").key == b"later"
    assert len(cache) == 1
    found = cache.find(HOME, sentence(KEPT), lambda key: False)
    assert (found.key, found.reason, len(cache)) == (None, "nothing alike", 0)


def test_another_context_has_nothing_to_find(cache: SemanticCache) -> None:
    found = cache.find(AWAY, sentence(KEPT))
    assert (found.key, found.reason) == (None, "nothing alike")


def test_what_is_not_alike_enough_is_refused(cache: SemanticCache) -> None:
    assert cache.find(HOME, sentence(KEPT, 0.8)).reason == "not sure"
    assert cache.find(HOME, sentence(KEPT, 1.5)).reason == "nothing alike"


def test_behind_one_that_is_refused_the_right_one_is_found(cache: SemanticCache) -> None:
    cache.put(HOME, b"other", sentence("How many days off are there after 3 years?", 0.1))
    asked = sentence("After 3 years, how many days off are there?", 0.0)
    assert cache.find(HOME, asked).key == b"other"


def test_what_is_far_behind_the_nearest_is_not_looked_at(cache: SemanticCache) -> None:
    cache.put(HOME, b"other", sentence("How many days off are there after 3 years?", 0.5))
    asked = sentence("After 3 years, how many days off are there?", 0.0)
    assert cache.find(HOME, asked).reason == "vetoed: number"


def test_a_budget_that_was_never_measured_allows_nothing() -> None:
    cache = SemanticCache(1 << 20, by_cosine(), 0.001)
    cache.put(HOME, b"key", sentence(KEPT))
    assert cache.find(HOME, sentence(KEPT)).reason == "not sure"


def test_an_answer_that_proved_right_opens_to_questions_further_away(cache: SemanticCache) -> None:
    """At an angle of 0.7, the verdict alone is not sure."""
    asked = sentence(KEPT, 0.7)
    for _ in range(400):
        cache.observe(cache.find(HOME, asked), right=True)
    found = [cache.find(HOME, asked).key for _ in range(400)]
    assert found.count(b"key") >= 300


def test_an_answer_that_proved_wrong_is_given_no_more_but_for_what_is_nearer(
    cache: SemanticCache,
) -> None:
    asked = sentence(KEPT, 0.5)
    found = cache.find(HOME, asked)
    assert found.key == b"key"
    cache.observe(found, right=False)
    assert cache.find(HOME, asked).reason in ("not sure", "too often wrong")


def test_too_many_wrong_answers_stop_all(cache: SemanticCache) -> None:
    for number in range(40):
        cache.put(HOME, b"%d" % number, sentence(KEPT))
        found = cache.find(HOME, sentence(KEPT))
        cache.observe(found, right=False)
        cache.drop(found.candidate or b"")
    cache.put(HOME, b"fresh", sentence(KEPT))
    found = cache.find(HOME, sentence(KEPT))
    assert (found.key, found.reason, found.sure) == (None, "too often wrong", True)
    assert cache.measured.wrong == cache.measured.checked == 40


def test_a_thumb_down_takes_the_question_out_and_is_counted(cache: SemanticCache) -> None:
    assert cache.disliked(b"key")
    assert not cache.disliked(b"key")
    assert cache.find(HOME, sentence(KEPT)).key is None
    assert cache.measured.disliked == 1


def test_what_is_observed_of_a_question_that_went_meanwhile_is_only_counted(
    cache: SemanticCache,
) -> None:
    found = cache.find(HOME, sentence(KEPT))
    cache.drop(b"key")
    cache.observe(found, right=True)
    assert (len(cache), cache.size, cache.measured.checked) == (0, 0, 1)


def test_what_was_dropped_is_gone(cache: SemanticCache) -> None:
    cache.drop(b"key")
    cache.drop(b"key")
    assert (len(cache), cache.size) == (0, 0)
    assert cache.find(HOME, sentence(KEPT)).key is None


def test_who_is_asked_for_stays_longest() -> None:
    cache = SemanticCache(1 << 18, by_cosine(), 0.01)
    cache.put(HOME, b"key", sentence(KEPT))
    for number in range(100):
        cache.put(AWAY, str(number).encode(), sentence("Is it so?", number))
        cache.find(HOME, sentence(KEPT))
    assert cache.find(HOME, sentence(KEPT)).key == b"key"
    assert len(cache) < 100


def test_the_bound_in_bytes_holds_whatever_is_put_in() -> None:
    most = 1 << 19
    cache = SemanticCache(most, by_cosine(), 0.01)
    rng = np.random.default_rng(0)
    for number in range(3000):
        context = bytes([int(rng.integers(40))])
        text = "What is it? " * int(rng.integers(1, 40))
        cache.put(context, bytes(rng.integers(0, 9, 4).tolist()), sentence(text, number))
        assert cache.size <= most
    assert len(cache) > 10


def test_what_is_larger_than_an_eighth_of_all_is_not_kept() -> None:
    cache = SemanticCache(1 << 16, by_cosine(), 0.01)
    cache.put(HOME, b"key", sentence("word " * 2000))
    assert len(cache) == 0


def test_an_entry_takes_no_more_memory_than_is_counted() -> None:
    cache = SemanticCache(1 << 30, by_cosine(), 0.01)
    make = partial(sentence, KEPT)
    tracemalloc.start()
    try:
        for number in range(1500):
            context, one = b"%d" % (number % 500), make(number)
            cache.put(context, b"%d" % number, one)
            cache.observe(cache.find(context, one), right=True)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= cache.size
