from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from serve.config import RUN_MARK, ConfigError, Settings, child_environment, load

EXAMPLE = Path(__file__).parents[2] / "hearth.example.yaml"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HEARTH_PORT", "HEARTH_CONFIG", RUN_MARK):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HEARTH_HOME", str(tmp_path))


def written(folder: Path, text: str) -> Path:
    file = folder / "some.yaml"
    file.write_text(text)
    return file


def keys(tree: dict[str, Any], above: str = "") -> set[str]:
    found = set()
    for name, value in tree.items():
        found.add(above + name)
        if isinstance(value, dict):
            found |= keys(value, f"{above}{name}.")
    return found


def test_the_example_names_every_setting_and_shows_its_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HEARTH_HOME")
    assert load(EXAMPLE).model_dump() == Settings().model_dump()
    example = yaml.safe_load(EXAMPLE.read_text())
    in_full = {key for key in keys(Settings().model_dump(mode="json")) if "s.large." not in key}
    assert {key for key in keys(example) if "s.large." not in key} == in_full


def test_every_line_of_the_example_has_a_comment() -> None:
    lines = [line for line in EXAMPLE.read_text().splitlines() if ":" in line]
    bare = [line for line in lines if "#" not in line and not line.endswith(":")]
    assert bare == []


def test_options_are_stronger_than_the_environment_and_that_than_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = written(tmp_path, "port: 1111\nlog: {level: error}\nlimits: {stop: 2, tools: 3}\n")
    monkeypatch.setenv("HEARTH_PORT", "2222")
    monkeypatch.setenv("HEARTH_LIMITS__TOOLS", "7")
    assert load(file).port == 2222
    assert load(file, port=3333).port == 3333
    assert load(file, port=None).port == 2222
    assert load(file).log.level == "error"
    assert (load(file).limits.stop, load(file).limits.tools) == (2, 7)


def test_the_file_in_the_data_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / "hearth.yaml").write_text("port: 4444")
    assert load().port == 4444
    assert load(home=tmp_path).data == tmp_path.resolve()


def test_keys_for_commands_are_in_the_environment_beside_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HEARTH_KEY", "HEARTH_BENCH_KEY", "HEARTH_BENCH_AGAINST_KEY"):
        monkeypatch.setenv(name, "hearth-0-0")
    assert load().model_dump() == Settings().model_dump()


def test_a_file_named_by_the_environment_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEARTH_CONFIG", str(written(tmp_path, "port: 5555")))
    assert load().port == 5555


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot: 8080", "prot"),
        ("limits: {bodybytes: 1}", "limits.bodybytes"),
        ("port: 0", "port"),
        ("port: many", "port"),
        ("log: {level: loud}", "log.level"),
        ("tiers: {small: {engine: magic, model: m}}", "tiers.small.engine"),
        ("tiers: {small: {engine: llama}}", "tiers.small.model"),
        ("tiers: {}", "at least one engine"),
        ("tiers: {a: {engine: scripted, model: m}, b: {engine: scripted, model: m}}", "model name"),
        ("host: 0.0.0.0", "allowed_hosts"),
        ("gateway: [", "cannot be read as a YAML"),
        ("- a list", "cannot be read"),
        ("just words", "cannot be read"),
    ],
)
def test_a_bad_file_is_refused_with_one_line_that_names_the_key(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(written(tmp_path, text))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_two_mistakes_are_two_lines(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(written(tmp_path, "prot: 1\nlog: {level: loud}"))
    assert len(str(refused.value).splitlines()) == 2


def test_a_file_that_is_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load(tmp_path / "absent.yaml")


def test_an_unknown_variable_of_ours_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_PROT", "8080")
    with pytest.raises(ConfigError, match="HEARTH_PROT"):
        load()


def test_a_bad_variable_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_TIERS", "{not json")
    with pytest.raises(ConfigError, match="tiers"):
        load()


@given(st.binary(max_size=200))
def test_no_file_brings_anything_but_settings_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.mktemp("any") / "any.yaml"
    file.write_bytes(content)
    try:
        outcome: object = load(file)
    except ConfigError as exc:
        outcome = exc
    assert isinstance(outcome, Settings | ConfigError)
    assert str(outcome)


def test_a_child_finds_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = written(tmp_path, "log: {level: error}")
    here = load(file, port=7777, home=tmp_path / "there")
    for name, value in child_environment(here, file).items():
        monkeypatch.setenv(name, value)
    there = load()
    assert (there.port, there.data, there.log.level) == (7777, here.data, "error")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::1", "http://[::1]:8080"),
    ],
)
def test_the_url_is_one_that_clients_here_can_use(host: str, url: str) -> None:
    assert Settings(host=host, allowed_hosts=("box",)).url == url
