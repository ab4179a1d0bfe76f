"""The shape of the code: names that resolve here, and files and functions that can be read."""

import ast
import subprocess
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("serve", "models", "index", "ui")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match)  # `with` opens no path

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(file: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, Function):
            yield node


def length(function: Function) -> int:
    """Lines of the body, without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def nesting(node: ast.AST, depth: int = 0) -> int:
    """How deep blocks lie in blocks; `elif` is no deeper than its `if`."""
    deepest = depth
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST):
                continue
            is_elif = name == "orelse" and isinstance(node, ast.If) and isinstance(child, ast.If)
            deeper = isinstance(child, BLOCKS) and not is_elif
            deepest = max(deepest, nesting(child, depth + deeper))
    return deepest


def name(file: Path, function: Function) -> str:
    return f"{file.relative_to(ROOT)}:{function.lineno} {function.name}"


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_ours_and_nobody_elses(package: str) -> None:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin == str(ROOT / package / "__init__.py")
    assert set(packages_distributions().get(package, [])) <= {"hearth"}


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


def test_no_file_is_longer_than_250_lines() -> None:
    lengths = {str(f.relative_to(ROOT)): len(f.read_text().splitlines()) for f in FILES}
    assert {file: lines for file, lines in lengths.items() if lines > 250} == {}


def test_no_function_is_longer_than_40_lines_and_half_of_them_have_8_at_most() -> None:
    lengths = {name(file, f): length(f) for file in FILES for f in functions(file)}
    assert {where: lines for where, lines in lengths.items() if lines > 40} == {}
    assert median(lengths.values()) <= 8


def test_no_function_nests_deeper_than_3() -> None:
    deep = {name(file, f): nesting(f) for file in FILES for f in functions(file)}
    assert {where: depth for where, depth in deep.items() if depth > 3} == {}


def test_no_file_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "base", "types", "core"}
    assert [file.name for file in FILES if file.stem in empty] == []


def test_no_file_of_ours_hides_a_library() -> None:
    libraries = {"vllm", "llama_cpp", "ray", "gradio", "torch", "logging", "pynvml"}
    assert [file.name for file in FILES if file.stem in libraries] == []


def test_test_folders_are_no_packages() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_the_lock_files_name_no_host_and_hash_everything() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert "://" not in text, lock.name
        pins = [line for line in text.splitlines() if "==" in line and not line.startswith(" ")]
        unhashed = [pin for pin in pins if not pin.startswith("#") and not pin.endswith("\\")]
        assert unhashed == [], lock.name


def test_the_scripts_are_valid_bash() -> None:
    scripts = [f for f in (ROOT / "scripts").iterdir() if f.read_text().startswith("#!")]
    bash = [f for f in [*scripts, ROOT / ".ci" / "run"] if "bash" in f.read_text().split("\n")[0]]
    assert len(bash) >= 6
    for script in bash:
        subprocess.run(["bash", "-n", str(script)], check=True)
        assert "set -euo pipefail" in script.read_text(), script.name
