"""Every refusal has a row, crosses processes, and shows nothing of the inside."""

import pickle

import pytest

from index import errors as index_errors
from index.errors import IndexRefusal, InvalidQuery, ParseRefused, StorageBusy, Unknown
from models import errors as engine_errors
from models.errors import ContextLengthExceeded, EngineBusy, EngineError
from serve import errors
from serve.errors import INTERNAL_MESSAGE, TABLE, BadRequest, Refusal, describe


def tree(root: type[Exception]) -> list[type[Exception]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in tree(child))]


OURS = [
    cls
    for cls in (*tree(Refusal), *tree(EngineError), *tree(IndexRefusal))
    if cls.__module__ in (errors.__name__, engine_errors.__name__, index_errors.__name__)
    and cls is not Refusal
]


def an(cls: type[Exception]) -> Exception:
    if cls in (errors.MissingKey, errors.InvalidKey):
        return cls()
    if cls in (Unknown, ParseRefused):
        return cls("Words.", "damaged")
    if cls is engine_errors.DoesNotFit:
        return cls("Words.", "memory")
    return cls("Words.")


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


@pytest.mark.parametrize(
    ("error", "status", "code", "param"),
    [
        (Unknown("file", "x"), 404, "not_found", None),
        (InvalidQuery("No.", "filters.key"), 400, "invalid_value", "filters.key"),
        (ParseRefused("No.", "encrypted"), 400, "encrypted", None),
        (index_errors.Forbidden("No."), 403, "forbidden", None),
        (index_errors.Conflict("No."), 409, "conflict", None),
        (index_errors.StorageFull("No."), 507, "insufficient_storage", None),
        (index_errors.StorageFailed("No."), 503, "storage_failed", None),
        (StorageBusy("No.", 2.0), 503, "storage_busy", None),
    ],
)
def test_what_documents_are_refused_for_is_told_apart(
    error: IndexRefusal, status: int, code: str, param: str | None
) -> None:
    told = describe(error)
    assert (told.status, told.code, told.body["error"]["param"]) == (status, code, param)
    assert told.retry_after == getattr(error, "retry_after", None)


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
