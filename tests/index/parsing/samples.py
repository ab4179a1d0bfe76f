"""Small files of every format, made as their programs make them."""

import json
import zipfile
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from io import BytesIO

import xlsxwriter
from docx import Document
from pptx import Presentation
from pptx.util import Inches
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

SENTENCE = "The pump stands in the cellar and is serviced every spring."


def pdf(draw: Callable[[Canvas], None] | None = None, password: str | None = None) -> bytes:
    """`draw` draws on one page after the other."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=A4, encrypt=password)
    (draw or _draw_page)(canvas)
    canvas.save()
    return file.getvalue()


def _draw_page(canvas: Canvas) -> None:
    canvas.setFont("Helvetica-Bold", 20)
    canvas.drawString(72, 760, "Maintenance")
    canvas.setFont("Helvetica", 11)
    for line in range(4):
        canvas.drawString(72, 720 - 14 * line, SENTENCE)


def docx() -> bytes:
    document = Document()
    document.core_properties.title = "Manual"
    document.add_heading("Maintenance", 1)
    document.add_paragraph(SENTENCE)
    document.add_heading("Parts", 2)
    document.add_paragraph("seal", style="List Bullet")
    document.add_paragraph("valve", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, ("Part", "Price", "seal", "4 EUR"), strict=True):
        cell.text = text
    return _saved(document.save)


def pptx() -> bytes:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Maintenance"
    slide.placeholders[1].text_frame.text = "every spring"
    slide.placeholders[1].text_frame.add_paragraph().text = "by the keeper"
    slide.notes_slide.notes_text_frame.text = "Bring the keys."
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Prices"
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for (row, column), text in {
        (0, 0): "Part",
        (0, 1): "Price",
        (1, 0): "seal",
        (1, 1): "4",
    }.items():
        table.cell(row, column).text = text
    return _saved(deck.save)


def xlsx(rows: int = 3) -> bytes:
    file = BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Stock")
        sheet.write_row(0, 0, ["Part", "Price", "Bought"])
        for row in range(1, rows + 1):
            sheet.write_row(row, 0, [f"part {row}", row * 1.5, "2024-05-01"])
        book.add_worksheet("Empty")
    return file.getvalue()


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def epub(chapter: str | None = None, encryption: str = "") -> bytes:
    container = '<container><rootfiles><rootfile full-path="O/b.opf"/></rootfiles></container>'
    package = (
        '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Cellars</dc:title>'
        '</metadata><manifest><item id="b" href="two.xhtml"/><item id="a" href="one%20.xhtml"/>'
        '</manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    doctype = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/x.dtd">'
    files = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "O/b.opf": package,
        "O/one .xhtml": chapter
        or f"{doctype}<html><body><h1>One</h1><p>{SENTENCE}</p></body></html>",
        "O/two.xhtml": "<html><body><h1>Two</h1><p>The end.</p></body></html>",
    }
    return zipped(files | ({"META-INF/encryption.xml": encryption} if encryption else {}))


def eml(attachments: Mapping[str, bytes] | None = None, html: bool = False) -> bytes:
    message = EmailMessage()
    message["From"] = "Änne <anne@example.com>"
    message["To"] = "keeper@example.com"
    message["Subject"] = "The pump"
    if html:
        message.set_content(f"<p>{SENTENCE}</p><script>x()</script>", subtype="html")
    else:
        message.set_content(f"{SENTENCE}\n\nYours, Änne")
    for name, data in (attachments or {}).items():
        message.add_attachment(data, "application", "octet-stream", filename=name)
    return message.as_bytes()


def notebook() -> bytes:
    cells = [
        {"cell_type": "markdown", "source": ["# Pumps\n", SENTENCE]},
        {"cell_type": "code", "source": "print(7 * 6)", "outputs": [{"text": ["42\n"]}]},
    ]
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}).encode()


HTML = f"""<!doctype html><html><head><title>Pumps</title><style>p {{}}</style></head><body>
<nav><a href="/">Home</a></nav><main><h1>Maintenance</h1><p>{SENTENCE} <b>Always</b>.</p>
<ul><li>seal<ul><li>rubber</li></ul></li><li>valve</li></ul>
<table><tr><th>Part</th><th>Price</th></tr><tr><td>seal</td><td>4</td></tr></table>
<pre>if dry:
    stop()</pre><div hidden>secret</div></main><footer role="contentinfo">imprint</footer>
<script>alert(1)</script></body></html>""".encode()

MARKDOWN = f"""---
title: "Pumps"
---
# Maintenance

{SENTENCE} It is *old*.

- seal
  - rubber
- valve

| Part | Price |
|---|---|
| seal | 4 |

```python
stop()
```
""".encode()

RSS = f"""<?xml version="1.0"?><rss><channel><title>News</title><item><title>The pump</title>
<pubDate>Mon, 6 May 2024</pubDate><description>&lt;p&gt;{SENTENCE}&lt;/p&gt;</description></item>
</channel></rss>""".encode()

ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><entry>
<title>The pump</title>
<summary>{SENTENCE}</summary></entry></feed>""".encode()

CSV = b'Part;Price;Note\nseal;4,50;"soft; black"\nvalve;12,00;brass\n'
JSON = b'{"pump": {"place": "cellar", "parts": ["seal", "valve"], "old": true}}'
JSONL = b'{"part": "seal", "price": 4}\n{"part": "valve", "price": 12}\n'
XML = f"<stock><pump place='cellar'><note>{SENTENCE}</note></pump></stock>".encode()
TEXT = f"Maintenance\n===========\n\n{SENTENCE}\n\n- seal\n- valve\n".encode()
CODE = b"def stop(pump):\n    if pump.dry:\n        pump.off()\n"


def every_format() -> dict[str, bytes]:
    """By a name that fits."""
    return {
        "a.pdf": pdf(), "a.docx": docx(), "a.pptx": pptx(), "a.xlsx": xlsx(), "a.epub": epub(),
        "a.eml": eml({"b.txt": b"attached"}), "a.ipynb": notebook(), "a.html": HTML,
        "a.md": MARKDOWN, "a.rss": RSS, "a.atom": ATOM, "a.csv": CSV, "a.json": JSON,
        "a.jsonl": JSONL, "a.xml": XML, "a.txt": TEXT, "a.py": CODE,
        "a.zip": zipped({"b.txt": SENTENCE, "c/d.md": MARKDOWN}),
    }  # fmt: skip


def _saved(save: Callable[[BytesIO], None]) -> bytes:
    file = BytesIO()
    save(file)
    return file.getvalue()
