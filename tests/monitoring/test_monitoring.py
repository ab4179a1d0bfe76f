"""The files of `monitoring/`: everything they name exists, and Prometheus reads them."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from index.caches.measured import Measured
from models.engine import Usage
from models.load import Load
from serve.policy.quality import Trend
from serve.receipt import Attempt, Forecast, Receipt, Step
from serve.telemetry.metrics import Metrics

FOLDER = Path(__file__).parents[2] / "monitoring"
PROMTOOL = shutil.which("promtool")
SAMPLE = re.compile(r"^(hearth_\w+)(?:\{(.*)\})? ", re.M)
NAMED = re.compile(r"\bhearth_\w+")
LABELS = re.compile(r"(\w+)\s*(?:=~|!~|!=|=(?!=))\s*\"")
GROUPED = re.compile(r"\b(?:by|on|group_left) \(([\w, ]*)\)")
LEGEND = re.compile(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}")
IN_GRAFANA = {"$__rate_interval": "5m"}


@pytest.fixture(scope="module")
def scraped() -> dict[str, set[str]]:
    """The labels of every sample that there can be, by its name."""
    receipt = Receipt(path="/v1/chat/completions", model="echo", tier="small", stream=True)
    receipt.steps += [Step("retrieve", "ok", 1.0)]
    receipt.attempts.append(Attempt("small", 1.0))
    receipt.forecast.append(Forecast(3.0, 3))
    receipt.waited(1.0, 1.0)
    receipt.filtered("in", "email", "mask")
    receipt.citations["supported"] += 1
    receipt.brownout, receipt.cache, receipt.usage = ("no_rerank",), "miss", Usage(3, 3)
    receipt.cost = receipt.energy = receipt.ttft_ms = receipt.last_ms = 1.0
    receipt.close(200)
    again = Receipt(path="/v1/chat/completions", model="echo", cache="hit", usage=Usage(3, 3))
    metrics = Metrics()
    metrics.observe(receipt)
    metrics.observe(again)
    metrics.count_feedback("up")
    metrics.count_spans("sent", 1)
    load = Load(3, 2, 8, 100, 1000, 50.0, 20.0, 10**9, 2 * 10**9, 0.0)
    golden = {"golden": Trend(0.5, 1.0, 0.001, True)}
    text = metrics.render({"small": load}, {"small": "ready"}, Measured(), golden).decode()
    found: dict[str, set[str]] = {"up": {"job"}}
    for name, labels in SAMPLE.findall(text):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return found


def rules() -> list[dict[str, Any]]:
    told = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    return [rule for group in told["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return list(json.loads((FOLDER / "grafana.json").read_text())["panels"])


def expressions() -> Iterator[tuple[str, str]]:
    """With the text that shows what they found."""
    for rule in rules():
        yield rule["expr"], rule["annotations"]["summary"]
    for panel in panels():
        for target in panel.get("targets", []):
            yield target["expr"], target["legendFormat"]


def test_every_metric_that_alerts_and_dashboard_name_is_in_a_scrape(
    scraped: dict[str, set[str]],
) -> None:
    named = {name for expression, _ in expressions() for name in NAMED.findall(expression)}
    assert named - set(scraped) == set()


def test_every_metric_of_a_scrape_is_on_the_dashboard(scraped: dict[str, set[str]]) -> None:
    shown = " ".join(target["expr"] for panel in panels() for target in panel.get("targets", []))
    families = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in scraped}
    families = {name.removesuffix("_total") for name in families if name != "up"}
    assert {name for name in families if name.removesuffix("_total") not in shown} == set()


def test_every_label_that_they_go_by_is_one_of_the_metric(scraped: dict[str, set[str]]) -> None:
    for expression, shown in expressions():
        names = NAMED.findall(expression) or ["up"]
        known = set().union(*(scraped[name] for name in names))
        grouped = {name.strip() for each in GROUPED.findall(expression) for name in each.split(",")}
        used = (set(LABELS.findall(expression)) | grouped | set(LEGEND.findall(shown))) - {""}
        assert used <= known, expression


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert {"summary", "mend"} <= set(rule["annotations"])


def test_panels_have_numbers_of_their_own_and_do_not_overlap() -> None:
    assert len({panel["id"] for panel in panels()}) == len(panels())
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels())
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_prometheus_reads_the_configuration_and_every_expression(tmp_path: Path) -> None:
    for file in ("prometheus.yml", "alerts.yml"):
        shutil.copy(FOLDER / file, tmp_path)
    (tmp_path / "hearth.key").write_text("key")
    shown = [expression.replace(*next(iter(IN_GRAFANA.items()))) for expression, _ in expressions()]
    told = [{"record": f"x{number}", "expr": each} for number, each in enumerate(shown)]
    (tmp_path / "shown.yml").write_text(yaml.safe_dump({"groups": [{"name": "x", "rules": told}]}))
    promtool("check", "config", str(tmp_path / "prometheus.yml"))
    promtool("check", "rules", str(tmp_path / "shown.yml"))


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_alerts_fire_when_they_should() -> None:
    promtool("test", "rules", str(Path(__file__).parent / "alerts_test.yml"))


def promtool(*arguments: str) -> None:
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
