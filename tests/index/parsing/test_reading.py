"""Every format gives its text and its structure; what cannot be read is refused with a reason."""

import pytest

from index.documents import Block, Parsed
from index.errors import ParseRefused
from index.parsing.limits import MIB, ParseLimits
from index.parsing.reading import parse_bytes, safe_name
from tests.index.parsing import samples
from tests.index.parsing.samples import SENTENCE


def only(data: bytes, name: str) -> Parsed:
    found = parse_bytes(data, name)
    assert len(found) == 1
    return found[0]


def shape(document: Parsed) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in document.blocks]


@pytest.mark.parametrize("name", samples.every_format())
def test_every_format_gives_text(name: str) -> None:
    found = parse_bytes(samples.every_format()[name], name)
    text = "\n".join(document.text for document in found)
    assert "seal" in text or "pump" in text or "Part" in text


def test_a_pdf_has_pages_and_headings_by_their_type() -> None:
    document = only(samples.pdf(), "a.pdf")
    assert document.pages == 1
    heading, text = document.blocks
    assert heading == Block("heading", "Maintenance", 1, 1)
    assert text.text == " ".join([SENTENCE] * 4)


def test_a_word_document_keeps_headings_lists_and_tables() -> None:
    document = only(samples.docx(), "a.docx")
    assert document.title == "Manual"
    assert shape(document) == [
        ("heading", "Maintenance"),
        ("text", SENTENCE),
        ("heading", "Parts"),
        ("list", "- seal\n- valve"),
        ("table", "Part | Price\nseal | 4 EUR"),
    ]
    assert [block.level for block in document.blocks] == [1, 0, 2, 0, 0]


def test_slides_are_pages_under_their_titles() -> None:
    document = only(samples.pptx(), "a.pptx")
    assert document.pages == 2
    assert [(b.kind, b.text, b.page) for b in document.blocks] == [
        ("heading", "Maintenance", 1),
        ("list", "- every spring\n- by the keeper", 1),
        ("text", "Notes: Bring the keys.", 1),
        ("heading", "Prices", 2),
        ("table", "Part | Price\nseal | 4", 2),
    ]


def test_a_sheet_is_a_page_under_its_name() -> None:
    document = only(samples.xlsx(), "a.xlsx")
    heading, table = document.blocks
    assert (heading.text, heading.page, document.pages) == ("Stock", 1, 2)
    assert table.text.splitlines()[:2] == ["Part | Price | Bought", "part 1 | 1.5 | 2024-05-01"]


def test_a_long_table_repeats_its_header() -> None:
    tables = [b.text for b in only(samples.xlsx(200), "a.xlsx").blocks if b.kind == "table"]
    assert len(tables) > 5
    assert {table.splitlines()[0] for table in tables} == {"Part | Price | Bought"}
    assert sum(len(table.splitlines()) - 1 for table in tables) == 200


def test_a_web_page_gives_what_its_reader_sees() -> None:
    document = only(samples.HTML, "a.html")
    assert document.title == "Pumps"
    assert shape(document) == [
        ("heading", "Maintenance"),
        ("text", f"{SENTENCE} Always."),
        ("list", "- seal\n  - rubber\n- valve"),
        ("table", "Part | Price\nseal | 4"),
        ("code", "if dry:\n    stop()"),
    ]


def test_a_menu_of_links_is_no_text() -> None:
    links = "".join(f"<li><a href='/{i}'>Language {i}</a></li>" for i in range(30))
    document = only(f"<html><body><ul>{links}</ul><p>{SENTENCE}</p></body></html>".encode(), "a")
    assert document.text == SENTENCE


def test_markdown_keeps_its_structure() -> None:
    document = only(samples.MARKDOWN, "a.md")
    assert document.title == "Pumps"
    assert shape(document) == [
        ("heading", "Maintenance"),
        ("text", f"{SENTENCE} It is old."),
        ("list", "- seal\n  - rubber\n- valve"),
        ("table", "Part | Price\nseal | 4"),
        ("code", "stop()"),
    ]


def test_an_e_book_is_read_in_the_order_of_its_spine() -> None:
    document = only(samples.epub(), "a.epub")
    assert document.title == "Cellars"
    assert [b.text for b in document.blocks] == ["One", SENTENCE, "Two", "The end."]


def test_an_e_mail_gives_its_text_and_its_attachments() -> None:
    letter, attached = parse_bytes(samples.eml({"b.txt": b"attached"}), "a.eml")
    assert letter.title == "The pump"
    assert [block.text for block in letter.blocks[:2]] == [
        "The pump",
        "From: Änne <anne@example.com>\nTo: keeper@example.com",
    ]
    assert (attached.name, attached.text) == ("a.eml/b.txt", "attached")


def test_an_e_mail_in_html_loses_its_scripts() -> None:
    assert only(samples.eml(html=True), "a.eml").blocks[-1].text == SENTENCE


@pytest.mark.parametrize("data", [samples.RSS, samples.ATOM])
def test_a_feed_has_a_heading_for_each_entry(data: bytes) -> None:
    document = only(data, "feed")
    assert [block.text for block in document.blocks if block.level] == ["News", "The pump"]
    assert document.blocks[-1].text == SENTENCE


def test_csv_is_parted_by_whatever_parts_it() -> None:
    assert only(samples.CSV, "a.csv").text == (
        "Part | Price | Note\nseal | 4,50 | soft; black\nvalve | 12,00 | brass"
    )


def test_json_is_told_by_its_paths_and_equal_records_are_a_table() -> None:
    assert only(samples.JSON, "a.json").text == (
        "pump.place: cellar\npump.parts: seal, valve\npump.old: true"
    )
    assert only(samples.JSONL, "a.jsonl").text == "part | price\nseal | 4\nvalve | 12"


def test_xml_gives_names_and_values() -> None:
    assert only(samples.XML, "a.xml").text == f"pump: place=cellar\nnote: {SENTENCE}"


def test_a_notebook_gives_prose_code_and_output() -> None:
    assert shape(only(samples.notebook(), "a.ipynb")) == [
        ("heading", "Pumps"),
        ("text", SENTENCE),
        ("code", "print(7 * 6)"),
        ("code", "42"),
    ]


def test_text_has_underlined_headings_and_code_its_indentation() -> None:
    assert shape(only(samples.TEXT, "a.txt")) == [
        ("heading", "Maintenance"),
        ("text", SENTENCE),
        ("list", "- seal\n- valve"),
    ]
    assert shape(only(samples.CODE, "a.py")) == [("code", samples.CODE.decode().strip())]


def test_an_archive_gives_its_files_and_says_what_it_could_not_read() -> None:
    data = samples.zipped({"a.txt": SENTENCE, "b/c.bin": bytes(range(256)) * 9, "d.txt": ""})
    (document,) = parse_bytes(data, "x.zip")
    assert (document.name, document.text) == ("x.zip/a.txt", SENTENCE)
    assert [note.split(":")[0] for note in document.notes] == ["x.zip/b/c.bin", "x.zip/d.txt"]


@pytest.mark.parametrize(
    ("data", "code", "advice"),
    [
        (b"", "empty", "empty"),
        (b" \n\0\n", "empty", "empty"),
        (b"<html><body><script>x</script></body></html>", "empty", "no text"),
        (samples.pdf(password="secret"), "encrypted", "without a password"),
        (samples.pdf(lambda canvas: canvas.rect(9, 9, 99, 99)), "no_text", "OCR"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(99), "no_text", "OCR"),
        (samples.pdf()[:300], "damaged", "save it again"),
        (samples.docx()[:4000], "damaged", "Upload it again"),
        (bytes(range(1, 256)) * 40, "unsupported", "Supported are PDF"),
        (b"{\\rtf1 hello}", "unsupported", "DOCX"),
        (b"7z\xbc\xaf\x27\x1c rest", "unsupported", "ZIP"),
        (samples.zipped({}), "empty", "no files"),
        (samples.zipped({"a.txt": ""}), "empty", "x/a.txt"),
        (
            samples.epub(encryption='<e><CipherReference URI="O/two.xhtml"/></e>'),
            "encrypted",
            "DRM",
        ),
    ],
    ids=lambda value: "file" if isinstance(value, bytes) else value,
)
def test_a_refusal_says_what_is_wrong_and_what_to_do(data: bytes, code: str, advice: str) -> None:
    with pytest.raises(ParseRefused) as refusal:
        parse_bytes(data, "x")
    assert refusal.value.code == code
    assert advice in refusal.value.message


def test_the_content_decides_and_not_the_name() -> None:
    assert only(samples.pdf(), "a.txt").media_type == "application/pdf"
    assert only(samples.docx(), "a.pdf").media_type.endswith("wordprocessingml.document")
    assert only(samples.HTML, "a.md").media_type == "text/html"
    assert only(samples.JSON, "a.csv").media_type == "application/json"
    assert only(samples.eml(), "letter").media_type == "message/rfc822"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Windows\\a.txt", "Windows/a.txt"),
        ("a\0b\n.txt", "ab .txt"),
        ("a/./b//c", "a/b/c"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("\u202egpj.txt", "gpj.txt"),
    ],
)
def test_a_name_is_made_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_name_in_an_archive_leads_nowhere() -> None:
    files = {"../../x.txt": "one", "/y.txt": "two", "..\\z.txt": "three"}
    names = [document.name for document in parse_bytes(samples.zipped(files), "a.zip")]
    assert names == ["a.zip/x.txt", "a.zip/y.txt", "a.zip/z.txt"]


def test_archives_in_archives_have_an_end() -> None:
    data = samples.zipped({"a.txt": SENTENCE})
    for level in range(4):
        data = samples.zipped({f"{level}.zip": data, f"{level}.txt": f"level {level}"})
    found = parse_bytes(data, "x.zip", ParseLimits(depth=2))
    assert [document.text for document in found] == ["level 3", "level 2"][::-1]
    assert "too deep" in found[0].notes[-1]


def test_an_archive_may_not_grow_without_measure() -> None:
    dense = samples.zipped({f"{i}.txt": b"0" * MIB for i in range(20)})
    with pytest.raises(ParseRefused, match="grows too large") as refusal:
        parse_bytes(dense, "x.zip")
    assert refusal.value.code == "too_large"
    many = samples.zipped({f"{i}.txt": "a" for i in range(50)})
    with pytest.raises(ParseRefused, match="more than 40 files"):
        parse_bytes(many, "x.zip", ParseLimits(members=40))
