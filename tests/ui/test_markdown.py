from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.appliance import HOSTILE
from ui.markdown import to_html

# fmt: off
TAGS = {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "s", "code", "pre", "ul",
    "ol", "li", "blockquote", "a", "div", "span", "button", "table", "thead", "tbody", "tr", "th",
    "td",
}
# fmt: on
ATTRIBUTES = {"href", "title", "target", "rel", "class", "type", "style", "start"}


class Elements(HTMLParser):
    """What a browser would make of a text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def assert_harmless(html: str) -> None:
    found = Elements(html)
    assert set(found.tags) <= TAGS
    assert {name for name, _ in found.attributes} <= ATTRIBUTES
    for name, value in found.attributes:
        if name == "href":
            assert (value or "").lower().startswith(("http://", "https://", "mailto:"))
        if name == "style":
            assert value in {"text-align:left", "text-align:right", "text-align:center"}


# fmt: off
PIECES = st.sampled_from([
    *HOSTILE, "<", ">", "`", "```", "~~~", "![", "](", "[a]", ": ", "\n", "\n\n", "    ", "* ", "|",
    "<img src=x onerror=alert(1)>", "javascript:", "data:text/html,", "//evil.invalid", "&lt;",
    "<!--", "-->", "<![CDATA[", "&#x3C;script>", "\\", '"', "'", "word", "\x00", "```mermaid\n",
])
# fmt: on


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_whatever_a_model_writes_becomes_harmless_elements(text: str) -> None:
    assert_harmless(to_html(text))


@pytest.mark.parametrize("end", range(0, len("".join(HOSTILE)), 7))
def test_a_partial_answer_is_as_harmless_as_the_whole(end: int) -> None:
    assert_harmless(to_html("".join(HOSTILE)[:end]))


@pytest.mark.parametrize(
    "image",
    [
        "![x](http://evil.invalid/a.png)",
        "![x][ref]\n\n[ref]: http://evil.invalid/a.png",
        '<img src="http://evil.invalid/a.png">',
        "[![x](http://evil.invalid/a.png)](http://evil.invalid)",
    ],
)
def test_an_image_is_never_fetched_without_a_click(image: str) -> None:
    assert "img" not in Elements(to_html(image)).tags


def test_raw_html_is_shown_as_it_was_written() -> None:
    assert "&lt;b&gt;bold?&lt;/b&gt;" in to_html("<b>bold?</b>")


def test_a_link_opens_elsewhere_and_tells_nothing_of_this_page() -> None:
    html = to_html("[docs](https://example.org)")
    assert ("rel", "noopener noreferrer nofollow") in Elements(html).attributes
    assert ("target", "_blank") in Elements(html).attributes


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.invalid", "/x"])
def test_links_lead_only_to_other_web_pages_and_mail(url: str) -> None:
    assert "a" not in Elements(to_html(f"[x]({url})")).tags


def test_code_keeps_its_characters_and_gets_a_copy_button() -> None:
    html = to_html("```python\nif a < b:\n    pass\n```")
    assert Elements(html).tags.count("button") == 1
    assert "&lt;" in html


def test_tables_and_strikethrough_are_understood() -> None:
    tags = Elements(to_html("| a |\n|---|\n| ~~1~~ |")).tags
    assert "table" in tags
    assert "s" in tags


def test_code_of_unknown_language_is_shown_plain() -> None:
    html = to_html("```no-such-language\n<x>\n```")
    assert "<pre><code>&lt;x&gt;\n</code></pre>" in html
