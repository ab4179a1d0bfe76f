"""Every error of an engine crosses a process boundary unharmed."""

import pickle

import cloudpickle
import pytest

from models.errors import ContextLengthExceeded, EngineError
from tests.models.error_examples import EXAMPLES


def family(kind: type[EngineError]) -> set[type[EngineError]]:
    return {kind}.union(*(family(child) for child in kind.__subclasses__()))


def test_every_class_has_an_example() -> None:
    assert {type(error) for error in EXAMPLES} == family(EngineError) - {EngineError}


@pytest.mark.parametrize("pickler", [pickle, cloudpickle], ids=["pickle", "cloudpickle"])
@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_a_process_boundary(error: EngineError, pickler) -> None:
    copy = cloudpickle.loads(pickler.dumps(error))
    assert type(copy) is type(error)
    assert copy.args == error.args
    assert vars(copy) == vars(error)
    assert copy.message == error.message


def test_a_full_context_says_all_its_numbers() -> None:
    error = ContextLengthExceeded.of(context=100, prompt=90, output=20)
    assert (error.param, error.code) == ("messages", "context_length_exceeded")
    for number in ("100 tokens", "110 tokens", "90 in the prompt", "20 for the completion"):
        assert number in error.message
