"""Markdown of unknown origin to HTML that can do nothing.

What a model writes is untrusted: it may repeat what a hostile document told it to write. Raw HTML
is therefore shown as text, images become links (an image is fetched without a click, and its
address can carry a secret out: CVE-2025-32711), and links lead only to http, https and mailto.
Partial and final answers take the same way. Dialect: CommonMark 0.31 with GitHub's tables and
strikethrough, parsed by markdown-it-py.
"""

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import cast

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from ui import words

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


def to_html(text: str) -> str:
    """Harmless HTML for `text`, which may end anywhere."""
    return cast(str, _MARKDOWN.render(text))


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
    _env: EnvType,
) -> str:
    token = tokens[position]
    language = (token.info.split() or [""])[0][:32]
    return (
        f'<div class="code"><div class="code-bar"><span>{escape(language)}</span>'
        f'<button type="button" class="copy-code">{escape(words.COPY)}</button></div>'
        f"<pre><code>{_highlighted(token.content, language)}</code></pre></div>\n"
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
    parser.add_render_rule("link_open", _open_link)
    parser.add_render_rule("fence", _code_block)
    parser.add_render_rule("code_block", _code_block)
    return parser


_MARKDOWN = _parser()
