"""A model's own Jinja template, rendered within limits.

Templates come with model files, so they are trusted no further than Jinja's immutable sandbox,
a deadline that every loop and macro checks, and a limit on the text produced.
"""

import json
import time
from collections.abc import Collection
from datetime import datetime
from typing import Final, NoReturn

from jinja2 import TemplateError, meta, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from models.errors import ModelRefused

MAX_SOURCE_CHARACTERS: Final = 64 << 10
MAX_TEXT_CHARACTERS: Final = 8 << 20
MAX_RENDER_SECONDS: Final = 2.0


class TemplateRefusal(Exception):
    """The template said no, in words for people, or could not be rendered."""


class Template:
    """`variables` are the names that the template reads from outside.

    Raises `ModelRefused` for a source that is too long, too deeply nested or not Jinja.
    """

    def __init__(self, source: str) -> None:
        if len(source) > MAX_SOURCE_CHARACTERS:
            raise ModelRefused(
                f"The model's chat template is longer than {MAX_SOURCE_CHARACTERS} characters."
            )
        environment = _Sandbox()
        try:
            tree = environment.parse(source)
            self.variables: Collection[str] = meta.find_undeclared_variables(tree)
            self._template = environment.from_string(_with_ticks(tree))
        except (TemplateError, SyntaxError, ValueError, RecursionError, MemoryError) as exc:
            raise ModelRefused("The model's chat template cannot be compiled.") from exc

    def render(self, variables: dict[str, object]) -> str:
        """The text; raises `TemplateRefusal`."""
        deadline = time.monotonic() + MAX_RENDER_SECONDS
        pieces, length = [], 0
        try:
            for piece in self._template.generate(variables, deadline=deadline):
                pieces.append(piece)
                length += len(piece)
                if length > MAX_TEXT_CHARACTERS:
                    raise TemplateRefusal("The chat is too long for the model's chat template.")
        except TemplateRefusal:
            raise
        except Exception as exc:  # a template is a program: anything can come out of it
            raise TemplateRefusal("The model's chat template cannot render this chat.") from exc
        return "".join(pieces)


class _Generation(Extension):
    """`{% generation %}` marks what is trained on; here it changes nothing."""

    tags: Final = {"generation"}  # type: ignore[misc]

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Sandbox(ImmutableSandboxedEnvironment):
    """The names and filters that chat templates expect, as Hugging Face's renderer has them."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
        )
        self.filters["tojson"] = _to_json
        self.globals["raise_exception"] = _raise
        self.globals["strftime_now"] = _now

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Numbers only: `"x" * 10**10` would be gigabytes before any limit is looked at."""
        if operator == "**" or isinstance(left, str | list) or isinstance(right, str | list):
            raise SecurityError(f"{operator} is not allowed here")
        return super().call_binop(context, operator, left, right)

    @pass_context
    def tick(self, context: Context) -> None:
        if time.monotonic() > context.parent["deadline"]:
            raise TemplateRefusal("The model's chat template takes too long for this chat.")


def _with_ticks(tree: nodes.Template) -> nodes.Template:
    """The same template, looking at its deadline in every turn of a loop and call of a macro."""
    blocks: list[nodes.For | nodes.Macro] = [*tree.find_all(nodes.For), *tree.find_all(nodes.Macro)]
    for block in blocks:
        tick = nodes.Call(nodes.EnvironmentAttribute("tick"), [], [], None, None)
        block.body.insert(0, nodes.ExprStmt(tick, lineno=block.lineno))
    return tree


def _raise(message: str) -> NoReturn:
    raise TemplateRefusal(str(message)[:200])


def _to_json(value: object, indent: int | None = None, **_: object) -> str:
    """Jinja's own escapes for HTML; models were trained on plain JSON."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _now(layout: str) -> str:
    return datetime.now().strftime(layout)
