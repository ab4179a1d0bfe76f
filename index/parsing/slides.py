"""Presentations (PPTX): a slide is a page under its title, its notes below."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

from pptx import Presentation

from index.parsing.blocks import Blocks
from index.parsing.content import Content, Source
from index.parsing.package import open_office
from index.parsing.tables import looks_like_header

Shape = Any  # python-pptx has a class for each kind


def read(source: Source) -> Content:
    open_office(source).close()
    deck = Presentation(BytesIO(source.data))
    blocks = Blocks()
    for number, slide in enumerate(deck.slides, 1):
        blocks.page = number
        _add_slide(blocks, slide)
    return Content(blocks.found, deck.core_properties.title or "", len(deck.slides))


def _add_slide(blocks: Blocks, slide: Any) -> None:
    title = slide.shapes.title
    if title is not None:
        blocks.heading(title.text_frame.text, 2)
    for shape in _in_reading_order(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            _add_shape(blocks, shape)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        blocks.text(f"Notes: {notes}" if notes else "")


def _in_reading_order(shapes: Sequence[Shape]) -> Iterator[Shape]:
    """From top to bottom, then from left to right; groups are opened."""
    for shape in sorted(shapes, key=lambda one: (one.top or 0, one.left or 0)):
        if hasattr(shape, "shapes"):
            yield from _in_reading_order(shape.shapes)
        else:
            yield shape


def _add_shape(blocks: Blocks, shape: Shape) -> None:
    if getattr(shape, "has_table", False):
        rows = [[cell.text for cell in row.cells] for row in shape.table.rows]
        blocks.table(rows, looks_like_header(rows))
    elif getattr(shape, "has_chart", False):
        _add_chart(blocks, shape.chart)
    elif shape.has_text_frame:
        _add_paragraphs(blocks, shape.text_frame.paragraphs)


def _add_paragraphs(blocks: Blocks, paragraphs: Sequence[Any]) -> None:
    """Several paragraphs in one shape are a list, whatever stands before them."""
    filled = [paragraph for paragraph in paragraphs if paragraph.text.strip()]
    if len(filled) > 1:
        blocks.listing([(paragraph.level, paragraph.text) for paragraph in filled])
    elif filled:
        blocks.text(filled[0].text)


def _add_chart(blocks: Blocks, chart: Any) -> None:
    if chart.has_title and chart.chart_title.has_text_frame:
        blocks.text(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        names = [str(series.name) for series in plot.series]
        columns = [list(series.values) for series in plot.series]
        rows = [
            [str(category), *(str(column[i]) if i < len(column) else "" for column in columns)]
            for i, category in enumerate(plot.categories)
        ]
        blocks.table([["", *names], *rows], header=True)
