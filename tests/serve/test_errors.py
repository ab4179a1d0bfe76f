"""Every refusal has a row, crosses processes, and shows nothing of the inside."""

import pickle

import pytest

from models import errors as engine_errors
from models.errors import ContextLengthExceeded, EngineBusy, EngineError
from serve import errors
from serve.errors import INTERNAL_MESSAGE, TABLE, BadRequest, Refusal, describe


def tree(root: type[Exception]) -> list[type[Exception]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in tree(child))]


OURS = [
    cls
    for cls in (*tree(Refusal), *tree(EngineError))
    if cls.__module__ in (errors.__name__, engine_errors.__name__) and cls is not Refusal
]


def an(cls: type[Exception]) -> Exception:
    return cls() if cls in (errors.MissingKey, errors.InvalidKey) else cls("Words.")


@pytest.mark.parametrize("cls", OURS)
def test_every_refusal_has_a_row_of_its_own_or_its_parents(cls: type[Exception]) -> None:
    described = describe(an(cls))
    assert any(parent in TABLE for parent in cls.__mro__)
    assert 400 <= described.status < 600
    assert set(described.body["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("cls", OURS)
def test_every_refusal_survives_a_process_boundary(cls: type[Exception]) -> None:
    error = an(cls)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(copy) is cls
    assert describe(copy) == describe(error)


def test_a_subclass_finds_its_parents_row() -> None:
    class FromAnotherProcess(BadRequest):
        pass

    assert describe(FromAnotherProcess("No.", "model", "bad")).status == 400


def test_an_unknown_error_shows_nothing_of_itself() -> None:
    described = describe(ValueError("/home/somebody/secret.py at 0x7f00deadbeef"))
    assert described.status == 500
    assert described.body["error"]["message"] == INTERNAL_MESSAGE


def test_a_context_that_is_too_small_is_told_in_numbers() -> None:
    error = ContextLengthExceeded.of(context=2048, prompt=2000, output=100)
    described = describe(error)
    assert described.code == "context_length_exceeded"
    assert {"2048", "2000", "100", "2100"} <= set(
        error.message.replace("(", " ").replace(".", " ").split()
    )


def test_a_busy_engine_says_when_to_come_back() -> None:
    assert describe(EngineBusy("Full.", 3.5)).retry_after == 3.5
