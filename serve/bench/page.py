"""A report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

Light or dark as the reader's system is.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from serve.bench.measures import QUANTILES
from serve.bench.plots import Line, Plot
from serve.bench.report import MS, Report, Table
from serve.bench.summary import Summary, of_target, targets_of

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2129; --paper: #ffffff; --faint: #d8dce3;
  --c0: #2563c9; --c1: #c2410c; --c2: #15803d; --c3: #7e22ce; --c4: #0e7490; --c5: #a16207; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ec; --paper: #14171c; --faint: #343a45;
  --c0: #6ea8fe; --c1: #fb923c; --c2: #4ade80; --c3: #c084fc; --c4: #22d3ee; --c5: #facc15; } }
body { color: var(--ink); background: var(--paper); font: 15px/1.5 system-ui, sans-serif;
  max-width: 1180px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--faint); text-align: right; }
th:first-child, td:first-child { text-align: left; }
.facts td { text-align: left; overflow-wrap: anywhere; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); gap: 1rem; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); } .heading { font-weight: 600; font-size: 14px; }
.middle { text-anchor: middle; } .end { text-anchor: end; } .small { font-size: 11px; }
.grid { stroke: var(--faint); } .line { fill: none; stroke-width: 2; }
.dashed { stroke-dasharray: 5 4; }
""" + "".join(
    f".line{i} {{ stroke: var(--c{i}); }} .dot{i} {{ fill: var(--c{i}); }}\n" for i in range(6)
)
SHOWN: Final = ("p50", "p99")  # of the percentiles
AXES: Final = {"clients": "clients", "rate": "requests/s offered", "trace": "speed of the trace"}


def page(report: Report) -> str:
    """The whole page."""
    html = Element("html", lang="en")
    head = SubElement(html, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    SubElement(head, "title").text = "hearth bench"
    SubElement(head, "style").text = STYLE
    body = SubElement(html, "body")
    _add(body, "h1", f"hearth bench, {report.conditions['when']}")
    for remark in report.remarks():
        _add(body, "p", remark)
    _figures(body, report)
    _plots(body, report.found)
    _add(body, "h2", "Conditions")
    _table(body, [[name, value] for name, value in _facts(report).items()], "facts", headed=False)
    return "<!DOCTYPE html>\n" + tostring(html, encoding="unicode", method="html") + "\n"


def _figures(body: Element, report: Report) -> None:
    for target in targets_of(report.found):
        _add(body, "h2", f"{target}: medians over {report.plan.rounds} round(s)")
        _table(body, report.table(target))
    if comparison := report.comparison():
        first, second = targets_of(report.found)[:2]
        _add(body, "h2", f"{first} as a multiple of {second}")
        _table(body, comparison)


def _facts(report: Report) -> Mapping[str, str]:
    plan = report.plan
    lengths = f"{plan.prompt} tokens in, {plan.output} tokens out"
    return {
        **report.conditions,
        "asked": f"a trace of {len(plan.trace)} requests" if plan.trace else lengths,
        "rounds": f"{plan.rounds} of {plan.seconds:g} s, each after {plan.warm_up:g} s of warm-up",
        "seed": str(plan.seed),
    }


def _plots(body: Element, found: Sequence[Summary]) -> None:
    places = SubElement(body, "div", {"class": "plots"})
    across = AXES[found[0].level.kind]
    for plot in (
        Plot("Throughput", across, "output tokens/s", _curves(found, "output_tokens_per_s", 1)),
        Plot("Time to the first text", across, "ms", _percentiles(found, "ttft")),
        Plot("Time between texts", across, "ms", _percentiles(found, "itl")),
        Plot("Time to the first text, distribution", "ms", "share", _cdf(found), marked=False),
    ):
        places.append(plot.draw())


def _percentiles(found: Sequence[Summary], name: str) -> list[Line]:
    return [
        line
        for percent in SHOWN
        for line in _curves(found, f"{name}_{percent}", MS, percent, percent != SHOWN[0])
    ]


def _curves(
    found: Sequence[Summary], name: str, factor: float, suffix: str = "", dashed: bool = False
) -> list[Line]:
    """A line for each target."""
    return [
        Line(
            f"{target} {suffix}".strip(),
            sorted(
                (summary.level.load, summary.figures[name] * factor)
                for summary in of_target(found, target)
                if name in summary.figures
            ),
            colour,
            dashed,
        )
        for colour, target in enumerate(targets_of(found))
    ]


def _cdf(found: Sequence[Summary]) -> list[Line]:
    """A line for each target under its lowest and its highest load."""
    lines = []
    for colour, target in enumerate(targets_of(found)):
        ordered = sorted(of_target(found, target), key=lambda summary: summary.level.load)
        for summary in dict.fromkeys(str(s.level) for s in (ordered[0], ordered[-1])):
            chosen = next(s for s in ordered if str(s.level) == summary)
            points = [(q * MS, at / (QUANTILES - 1)) for at, q in enumerate(chosen.ttft)]
            lines.append(Line(f"{target}, {summary}", points, colour, chosen is not ordered[0]))
    return lines


def _table(body: Element, table: Table, kind: str = "", *, headed: bool = True) -> None:
    wide = SubElement(body, "div", {"class": "wide"})
    element = SubElement(wide, "table", {"class": kind} if kind else {})
    for number, row in enumerate(table):
        line = SubElement(element, "tr")
        for cell in row:
            _add(line, "th" if headed and number == 0 else "td", cell)


def _add(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = text
