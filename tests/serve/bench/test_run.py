"""A small benchmark from plan to page, against a server that answers at once."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from serve.bench.measures import Objective
from serve.bench.page import page
from serve.bench.plan import Plan
from serve.bench.report import Report, as_text
from serve.bench.run import Bench, Round
from serve.bench.target import Target, TargetRefused
from serve.bench.workload import Arrival, Lengths, Level, Shape
from tests.serve.bench.conftest import WORDS


def plan(*levels: Level) -> Plan:
    return Plan(
        levels,
        Lengths(16, 32),
        Lengths(WORDS, WORDS),
        rounds=2,
        seconds=0.3,
        warm_up=0.1,
        objective=Objective(ttft=5.0),
        trace=[Arrival(i / 50, Shape(16, WORDS)) for i in range(200)],
    )


async def report(target: Target, *levels: Level, against: bool = False) -> Report:
    targets = [target, replace(target, name="other")] if against else [target]
    asked = plan(*levels)
    return Report({"when": "now"}, asked, await Bench(asked, lambda _: None).run(targets), 1e6)


async def test_every_load_gets_its_figures(target: Target) -> None:
    levels = [Level("clients", 2), Level("rate", 30), Level("trace", 1)]
    for level in levels:
        (found,) = (await report(target, level)).found
        assert found.failures == {}
        assert found.figures["output_tokens"] == WORDS
        assert found.figures["output_tokens_per_s"] > 0
        assert found.figures["attainment"] == 1.0


async def test_targets_take_turns_in_being_first(target: Target) -> None:
    order: list[str] = []

    def told(one: Round) -> None:
        order.append(one.target)

    targets = [target, replace(target, name="other")]
    await Bench(plan(Level("clients", 1)), told).run(targets)
    assert order == [target.name, "other", "other", target.name]


async def test_the_report_is_json_tables_and_a_page(target: Target) -> None:
    made = await report(target, Level("clients", 1), Level("clients", 2), against=True)
    kept = json.loads(json.dumps(made.as_json()))
    assert {level["level"] for level in kept["levels"]} == {"1 clients", "2 clients"}
    assert "TTFT p50 ms" in as_text(made.table(target.name))
    assert len(made.comparison()) == 3
    html = page(made)
    body = html[html.index("<body>") : html.index("</html>")]
    root = ElementTree.fromstring(body)
    assert len(root.findall(".//{*}svg")) == 4
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in html


async def test_a_target_that_answers_nothing_is_refused_with_its_name() -> None:
    nobody = Target("nobody", "http://127.0.0.1:1", "m")
    with pytest.raises(TargetRefused, match=r"127.0.0.1:1 does not answer a chat with m"):
        await Bench(plan(Level("clients", 1)), lambda _: None).run([nobody])
