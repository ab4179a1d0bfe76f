import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.api.strict_json import parse
from serve.errors import BadRequest

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(TEXT, VALUES)


@given(DOCUMENTS, st.booleans())
def test_what_json_writes_is_read_back(document: dict[str, Any], escaped: bool) -> None:
    assert parse(json.dumps(document, ensure_ascii=escaped).encode(), 64) == document


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_a_bad_request(body: bytes) -> None:
    with suppress(BadRequest):
        assert isinstance(parse(body, 64), dict)


@given(st.integers(1, 20), TEXT)
def test_nesting_is_counted_outside_strings_only(depth: int, text: str) -> None:
    nested = f'{{"a": {"[" * (depth - 1)}{json.dumps("[[{{" * 40 + text)}{"]" * (depth - 1)}}}'
    assert parse(nested.encode(), depth)
    if depth > 1:
        with pytest.raises(BadRequest) as refused:
            parse(nested.encode() + b" " * 100, depth - 1)
        assert refused.value.code == "json_too_deep"


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"", None, None),
        (b'{"a": 1', None, None),
        (b'{"a": 1} {"b": 2}', None, None),
        (b'{"a": 1}x', None, None),
        (b'\xef\xbb\xbf{"a": 1}', None, None),
        (b'{"a": "\xff"}', None, None),
        (b'{"a": "\x00"}', None, None),
        (b'{"a": NaN}', None, None),
        (b'{"a": -Infinity}', None, None),
        (b"[1]", "invalid_type", None),
        (b'"text"', "invalid_type", None),
        (b"1", "invalid_type", None),
        (b"null", "invalid_type", None),
        (b'{"a": {"b": ["\\ud800"]}}', "invalid_value", "a.b[0]"),
        (b'{"a": "x\\u0000"}', "invalid_value", "a"),
        (b'{"\\udc00": 1}', "invalid_value", None),
        (b'{"a": 1e400}', "invalid_value", None),
        (b'{"a": ' + b"9" * 5000 + b"}", "invalid_value", None),
        (b'{"a": ' * 100_000, "json_too_deep", None),
        (b"[" * 100_000 + b"]" * 100_000, "json_too_deep", None),
        (b'{"stream": true, "n": 1, "stream": false}', "duplicate_key", "stream"),
        (b'{"a": [{"b": 1, "\\u0062": 2}]}', "duplicate_key", "b"),
    ],
)
def test_what_two_parsers_could_read_differently_is_refused(
    body: bytes, code: str | None, param: str | None
) -> None:
    with pytest.raises(BadRequest) as refused:
        parse(body, 64)
    assert (refused.value.code, refused.value.param) == (code, param)


def test_an_escaped_backslash_before_u0000_is_plain_text() -> None:
    assert parse(rb'{"a": "\\u0000 \\ud800"}', 64) == {"a": r"\u0000 \ud800"}


def test_a_surrogate_pair_is_one_character() -> None:
    assert parse(rb'{"a": "\ud83d\ude00"}', 64) == {"a": "\U0001f600"}
