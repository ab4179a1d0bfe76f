"""JSON that was asked for."""

import pytest

from models.engine import Format
from serve.policy.filters.fitting import fits, repaired

ASKED = Format(
    "json_schema",
    {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
        "required": ["a"],
    },
)


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ('Sure:\n```json\n{"a": 1,}\n```\nDone.', '{"a": 1}'),
        ('{"a": 1, "b": "x [y', '{"a": 1, "b": "x [y"}'),
        ('{"a": 1, ', '{"a": 1}'),
        ('Here it is: {"a": 1, "b": "}"} - and more {', '{"a": 1, "b": "}"}'),
        ('{"a": "one"}', None),
        ("no JSON at all", None),
    ],
)
def test_what_does_not_fit_is_repaired_where_it_can_be(text: str, better: str | None) -> None:
    assert not fits(text, ASKED)
    assert repaired(text, ASKED) == better


def test_without_a_schema_any_object_fits() -> None:
    assert fits('{"x": [1]}', Format("json_object"))
    assert not fits("[1]", Format("json_object"))
    assert fits("anything", Format())


def test_a_reference_leads_nowhere() -> None:
    asked = Format("json_schema", {"$ref": "http://127.0.0.1:9/schema.json"})
    assert not fits("{}", asked)
