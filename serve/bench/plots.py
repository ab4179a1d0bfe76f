"""Plots as SVG elements: lines over one axis, coloured by the page's style sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final
from xml.etree.ElementTree import Element, SubElement

WIDTH: Final = 560
HEIGHT: Final = 320
LEFT: Final = 60  # margins
RIGHT: Final = 16
TOP: Final = 34
BOTTOM: Final = 68
TICKS: Final = 5
COLOURS: Final = 6  # in the style sheet: .line0 to .line5


@dataclass(frozen=True, slots=True)
class Line:
    """Points from left to right; `dashed` tells lines of one colour apart."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: int = 0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """`marked` lines have a dot, which tells its numbers, at each point."""

    title: str
    across: str
    up: str
    lines: Sequence[Line]
    marked: bool = True

    def draw(self) -> Element:
        lines = [line for line in self.lines if line.points]
        xs = [x for line in lines for x, _ in line.points] or [1.0]
        ys = [y for line in lines for _, y in line.points] or [1.0]
        area = Area(_ticks(min(0.0, *xs), max(xs)), _ticks(0.0, max(ys)))
        box = f"0 0 {WIDTH} {HEIGHT}"
        svg = Element("svg", viewBox=box, role="img", xmlns="http://www.w3.org/2000/svg")
        SubElement(svg, "title").text = self.title
        _text(svg, LEFT, 20, self.title, "heading")
        self._axes(svg, area)
        for line in lines:
            _draw_line(svg, area, line, self.marked)
        _legend(svg, lines)
        return svg

    def _axes(self, svg: Element, area: "Area") -> None:
        for value in area.across:
            x = area.x(value)
            _stroke(svg, (x, TOP), (x, HEIGHT - BOTTOM))
            _text(svg, x, HEIGHT - BOTTOM + 16, f"{value:g}", "middle")
        for value in area.up:
            y = area.y(value)
            _stroke(svg, (LEFT, y), (WIDTH - RIGHT, y))
            _text(svg, LEFT - 6, y + 4, f"{value:g}", "end")
        _text(svg, WIDTH - RIGHT, HEIGHT - BOTTOM + 34, self.across, "end")
        _text(svg, WIDTH - RIGHT, 20, self.up, "end")


@dataclass(frozen=True, slots=True)
class Area:
    """Ticks of both axes, and where a value is drawn."""

    across: Sequence[float]
    up: Sequence[float]

    def x(self, value: float) -> float:
        share = (value - self.across[0]) / (self.across[-1] - self.across[0])
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.up[0]) / (self.up[-1] - self.up[0])
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _ticks(low: float, high: float) -> list[float]:
    """About `TICKS` round numbers that enclose both."""
    span = (high - low) or abs(high) or 1.0
    rough = span / TICKS
    size = 10.0 ** floor(log10(rough))
    step = next(size * nice for nice in (1, 2, 5, 10) if size * nice >= rough * 0.999)
    first, last = floor(low / step), max(floor(low / step) + 1, ceil(high / step - 1e-9))
    return [round(at * step, 12) for at in range(first, last + 1)]


def _draw_line(svg: Element, area: Area, line: Line, marked: bool) -> None:
    places = [(area.x(x), area.y(y)) for x, y in line.points]
    kind = f"line line{line.colour % COLOURS}" + (" dashed" if line.dashed else "")
    points = " ".join(f"{x},{y}" for x, y in places)
    SubElement(svg, "polyline", {"class": kind, "points": points})
    if not marked:
        return
    for (x, y), (cx, cy) in zip(line.points, places, strict=True):
        dot = f"dot{line.colour % COLOURS}"
        circle = SubElement(svg, "circle", {"class": dot, "cx": str(cx), "cy": str(cy), "r": "3"})
        SubElement(circle, "title").text = f"{line.name}: {y:.4g} at {x:g}"


def _legend(svg: Element, lines: Sequence[Line]) -> None:
    """In one row below, as wide as the plot."""
    room = (WIDTH - LEFT) / max(1, len(lines))
    y = HEIGHT - 12
    for at, line in enumerate(lines):
        x = LEFT + at * room
        kind = f"line line{line.colour % COLOURS}" + (" dashed" if line.dashed else "")
        SubElement(svg, "polyline", {"class": kind, "points": f"{x},{y - 4} {x + 18},{y - 4}"})
        _text(svg, x + 23, y, line.name, "small")


def _stroke(svg: Element, begin: tuple[float, float], end: tuple[float, float]) -> None:
    (x1, y1), (x2, y2) = begin, end
    place = {"x1": str(x1), "y1": str(y1), "x2": str(x2), "y2": str(y2)}
    SubElement(svg, "line", {"class": "grid", **place})


def _text(svg: Element, x: float, y: float, text: str, kind: str) -> None:
    place = {"x": str(round(x, 1)), "y": str(round(y, 1))}
    SubElement(svg, "text", {"class": kind, **place}).text = text
