"""Log lines are JSON, tell the request, and quote nobody."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.sections.appliance import LogSettings
from serve.telemetry.log_files import GATEWAY, RECEIPTS, log_to
from serve.telemetry.log_lines import REQUEST, JsonLines

KEY = "hearth-0123456789ab-" + "k" * 43
SAID = "canary-in-a-prompt"


@pytest.fixture
def loggers() -> Iterator[None]:
    before = [(each, each.level, each.propagate, each.handlers[:]) for each in (GATEWAY, RECEIPTS)]
    yield
    for logger, level, propagate, handlers in before:
        for handler in set(logger.handlers) - set(handlers):
            handler.close()
        logger.setLevel(level)
        logger.propagate, logger.handlers = propagate, handlers


def failing() -> BaseException:
    try:
        raise ValueError(f"cannot read {SAID}")
    except ValueError as exc:
        return exc


def line(
    message: str, quoting: bool = False, exc: BaseException | None = None
) -> dict[str, object]:
    info = (type(exc), exc, exc.__traceback__) if exc else None
    record = logging.LogRecord("hearth.x", logging.ERROR, "f", 1, message, None, info)
    text = JsonLines(quoting).format(record)
    assert "\n" not in text
    told: dict[str, object] = json.loads(text)
    return told


def test_a_line_tells_the_request_that_it_is_about() -> None:
    token = REQUEST.set("req_1")
    try:
        told = line("it\r\nfailed")
    finally:
        REQUEST.reset(token)
    assert (told["request_id"], told["message"], told["level"]) == (
        "req_1",
        "it\r\nfailed",
        "error",
    )
    assert line("later")["request_id"] is None


def test_of_an_exception_its_class_and_places_are_told_and_not_what_it_says() -> None:
    told = line("failed", exc=failing())
    assert told["exception"] == "ValueError"
    assert "test_log_lines.py" in str(told["through"])
    assert SAID not in json.dumps(told)


def test_debugging_quotes_it_but_never_a_key() -> None:
    told = line(f"key {KEY}", quoting=True, exc=failing())
    assert told["said"] == f"cannot read {SAID}"
    assert told["message"] == "key [key]"


def test_a_gateway_writes_lines_and_receipts_to_files_of_its_own(
    tmp_path: Path, loggers: None
) -> None:
    log_to(tmp_path / "logs", 3, LogSettings(level="warning"))
    logging.getLogger("hearth.cache").info("too little")
    logging.getLogger("hearth.keeping").warning("enough")
    RECEIPTS.info('{"request_id":"req_1"}')
    lines = (tmp_path / "logs" / "gateway-3.jsonl").read_text().splitlines()
    assert [json.loads(each)["message"] for each in lines] == ["enough"]
    receipts = (tmp_path / "logs" / "receipts-3.jsonl").read_text()
    assert receipts == '{"request_id":"req_1"}\n'
