"""Markdown of unknown origin to HTML that can do nothing.

What a model writes is untrusted: it may repeat what a hostile document told it to write. Raw HTML
is therefore shown as text, images become links (an image is fetched without a click, and its
address can carry a secret out: CVE-2025-32711), and links lead only to http, https and mailto.
Partial and final answers take the same way. Dialect: CommonMark 0.31 with GitHub's tables and
strikethrough, parsed by markdown-it-py. Marks of citations (`[1]`) become buttons.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import cast

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from ui import words
from ui.citations import Citation

SCHEMES = ("http://", "https://", "mailto:")
HIGHLIGHT_LIMIT = 20_000  # characters; longer code is shown plain, so that drawing stays quick
# Lexers that are linear and well worn: the model names the language, so it chooses the lexer.
# fmt: off
LANGUAGES = frozenset({
    "bash", "c", "c++", "cpp", "css", "diff", "docker", "dockerfile", "go", "html", "ini", "java",
    "javascript", "js", "json", "jsx", "kotlin", "lua", "makefile", "php", "powershell", "py",
    "python", "r", "ruby", "rust", "sh", "shell", "sql", "swift", "toml", "ts", "tsx",
    "typescript", "xml", "yaml", "yml",
})
# fmt: on

MARK = re.compile(r"\[([0-9]{1,3})\]")
# A mark that has a citation goes through the parser as `[…]` around that citation's place in the
# list, between two characters that no text keeps.
PLACED = re.compile(r"\[\ue000([0-9]+)\ue001\]")
RESERVED = str.maketrans("\ue000\ue001", "\ufffd\ufffd")


def to_html(text: str, citations: Sequence[Citation] = ()) -> str:
    """Harmless HTML for `text`, which may end anywhere. `citations` are of this text."""
    env = {"citations": citations}
    return _unplaced(cast(str, _MARKDOWN.render(_placed(text, citations), env)), citations)


def _placed(text: str, citations: Sequence[Citation]) -> str:
    def place(mark: re.Match[str]) -> str:
        for n, one in enumerate(citations):
            inside = one.sentence_start <= mark.start() < one.sentence_end
            if inside and one.number == int(mark[1]):
                return f"[\ue000{n}\ue001]"
        return mark[0]

    return MARK.sub(place, text.translate(RESERVED))


def _unplaced(text: str, citations: Sequence[Citation]) -> str:
    """Marks that became no button, in code for example, as they were written."""
    return PLACED.sub(lambda found: f"[{citations[int(found[1])].number}]", text)


def _read_mark(state: StateInline, silent: bool) -> bool:
    found = PLACED.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("mark", "", 0).meta["place"] = int(found[1])
    state.pos = found.end()
    return True


def _mark(
    _renderer: RendererHTML,
    tokens: Sequence[Token],
    position: int,
    _options: OptionsDict,
    env: EnvType,
) -> str:
    place: int = tokens[position].meta["place"]
    citation: Citation = env["citations"][place]
    label = escape(citation.label)
    return (
        f'<button type="button" class="mark {citation.verdict}" data-place="{place}"'
        f' aria-label="{label}" title="{label}"><span>{citation.number}</span></button>'
    )


def _allowed(url: str) -> bool:
    return url.lower().startswith(SCHEMES)


def _open_link(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    position: int,
    options: OptionsDict,
    _env: EnvType,
) -> str:
    tokens[position].attrSet("target", "_blank")
    tokens[position].attrSet("rel", "noopener noreferrer nofollow")
    return renderer.renderToken(tokens, position, options, _env)


def _code_block(
    _renderer: RendererHTML,
    tokens: Sequence[Token],
    position: int,
    _options: OptionsDict,
    env: EnvType,
) -> str:
    token = tokens[position]
    code = _unplaced(token.content, env["citations"])
    language = (token.info.split() or [""])[0][:32]
    return (
        f'<div class="code"><div class="code-bar"><span>{escape(language)}</span>'
        f'<button type="button" class="copy-code">{escape(words.COPY)}</button></div>'
        f"<pre><code>{_highlighted(code, language)}</code></pre></div>\n"
    )


@lru_cache(maxsize=256)  # a streaming answer is drawn again and again
def _highlighted(code: str, language: str) -> str:
    if len(code) > HIGHLIGHT_LIMIT or language.lower() not in LANGUAGES:
        return escape(code)
    lexer = get_lexer_by_name(language.lower(), stripnl=False, ensurenl=False)
    return highlight(code, lexer, HtmlFormatter(nowrap=True))


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
    parser.enable(["table", "strikethrough"]).disable("image")
    parser.validateLink = _allowed  # type: ignore[method-assign]
    parser.inline.ruler.before("link", "mark", _read_mark)
    parser.add_render_rule("mark", _mark)
    parser.add_render_rule("link_open", _open_link)
    parser.add_render_rule("fence", _code_block)
    parser.add_render_rule("code_block", _code_block)
    return parser


_MARKDOWN = _parser()
