"""Plots as pictures of their own; curves of hits over false hits."""

from collections.abc import Mapping
from typing import Final
from xml.etree.ElementTree import SubElement, tostring

from serve.bench.page import STYLE
from serve.bench.plots import Line, Plot

MOST: Final = 0.05  # of false hits: further right nobody wants to be


def drawn(curves: Mapping[str, Mapping[str, float]], title: str) -> str:
    """An SVG of each way's share of hits (up) at shares of false hits (across), in percent."""
    lines = [
        Line(
            way,
            [(100 * float(at), 100 * hits) for at, hits in curve.items() if float(at) <= MOST],
            number,
        )
        for number, (way, curve) in enumerate(curves.items())
    ]
    return alone(Plot(title, "false hits, % of others", "hits, % of the same", lines))


def alone(plot: Plot) -> str:
    """An SVG that needs no style sheet."""
    svg = plot.draw()
    SubElement(svg, "style").text = STYLE
    return tostring(svg, "unicode")
