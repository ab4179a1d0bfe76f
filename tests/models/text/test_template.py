"""Templates come with model files: what they may do is bounded."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ModelRefused
from models.text import template
from models.text.template import Template, TemplateRefusal


def render(source: str, **variables: object) -> str:
    return Template(source).render(variables)


@pytest.mark.parametrize(
    "source",
    [
        "{% for x in y %}",
        "{{ " + "(" * 6000 + "1" + ")" * 6000 + " }}",
        "{% if a %}" * 3000 + "{% endif %}" * 3000,
        "".join(f"{{% for a{i} in b %}}" for i in range(40)) + "{% endfor %}" * 40,
        "x" * (template.MAX_SOURCE_CHARACTERS + 1),
        "{% unknown %}",
    ],
    ids=["unclosed", "parentheses", "blocks", "loops", "long", "unknown tag"],
)
def test_a_source_that_cannot_be_compiled_is_refused(source: str) -> None:
    with pytest.raises(ModelRefused):
        Template(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.system('id') }}",
        "{{ (messages|map(attribute='__class__')|list)[0].__bases__ }}",
        "{{ messages.append(1) }}",
        "{{ messages.clear() }}",
        "{% include '/etc/passwd' %}",
        "{{ 'x' * 10 ** 10 }}",
        "{{ 'x' * 10000000000 }}",
        "{{ [1] * 10000000000 }}",
        "{{ '%9999999999d' % 1 }}",
        "{% for i in range(10 ** 9) %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ 1 / 0 }}",
        "{{ nothing.at.all }}",
    ],
)
def test_a_template_that_reaches_out_gets_nothing(source: str) -> None:
    messages = ["kept"]
    with pytest.raises(TemplateRefusal):
        render(source, messages=messages)
    assert messages == ["kept"]


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(50) }}",
    ],
    ids=["silent loops", "doubling macro"],
)
def test_a_template_that_does_not_end_is_stopped(source: str, monkeypatch) -> None:
    monkeypatch.setattr(template, "MAX_RENDER_SECONDS", 0.05)
    with pytest.raises(TemplateRefusal, match="too long"):
        render(source)


def test_a_template_that_prints_without_end_is_stopped(monkeypatch) -> None:
    monkeypatch.setattr(template, "MAX_TEXT_CHARACTERS", 1000)
    with pytest.raises(TemplateRefusal, match="too long"):
        render("{% for i in range(99999) %}xxxxxxxxxx{% endfor %}")


def test_a_template_speaks_for_itself() -> None:
    with pytest.raises(TemplateRefusal, match="Roles must alternate"):
        render("{{ raise_exception('Roles must alternate') }}")


def test_the_usual_names_are_there() -> None:
    assert render("{{ x | tojson }}", x={"a": "é<b>"}) == '{"a": "é<b>"}'
    assert render("{{ x | tojson(indent=1) }}", x=[1]) == "[\n 1\n]"
    assert render("{{ strftime_now('%Y') }}").isdigit()
    assert render("{% generation %}{{ x }}{% endgeneration %}", x="y") == "y"
    assert (
        render("{% for i in x %}{% if i > 1 %}{% break %}{% endif %}{{ i }}{% endfor %}", x=[1, 2])
        == "1"
    )


def test_lines_that_hold_only_blocks_leave_nothing() -> None:
    assert render("a\n  {% if true %}\nb\n  {% endif %}\nc") == "a\nb\nc"


def test_what_a_template_reads_from_outside_is_known() -> None:
    assert Template("{% set a = 1 %}{{ a }}{{ tools }}").variables == {"tools"}


@given(st.text(alphabet="{}%()[]'\"|.~*+- \nabfilset01", max_size=60))
def test_any_source_compiles_and_renders_or_is_refused(source: str) -> None:
    with contextlib.suppress(ModelRefused, TemplateRefusal):
        assert isinstance(render(source), str)
