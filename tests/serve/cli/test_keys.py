"""`hearth keys`: rights, limits, groups and the audit log from the command line."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from serve.cli.keys import commands
from serve.errors import InvalidKey
from serve.ledger.keys import Key, Keys
from serve.sections.quotas import Budget, Limits


class Shell:
    """The command on a data directory of its own."""

    def __init__(self, home: Path) -> None:
        self.environment = {"HEARTH_HOME": str(home), "HEARTH_PROFILE": "small"}
        self.database = home / "hearth.db"

    def run(self, *arguments: str) -> Any:
        return CliRunner().invoke(commands, arguments, env=self.environment)

    def done(self, *arguments: str) -> str:
        ran = self.run(*arguments)
        assert ran.exit_code == 0, ran.stderr
        return str(ran.stdout)

    def failed(self, *arguments: str) -> str:
        ran = self.run(*arguments)
        assert (ran.exit_code, ran.stdout) == (1, "")
        assert "Traceback" not in ran.stderr
        return str(ran.stderr)

    def key(self, text: str) -> Key:
        keys = Keys(self.database)
        try:
            return keys.authenticate(text)
        finally:
            keys.close()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_key_is_made_with_rights_and_limits(shell: Shell) -> None:
    shell.done("groups", "put", "team", "--limit", "tokens=5000")
    asked = "--scope chat --scope embed --model echo --collection handbook --expires 30d"
    asked += " --parent team --cache exact --filters private"
    asked += " --limit requests=60 --limit day.tokens=100 --limit month.money=2.5"
    made = shell.done("create", "bot", "--json", *asked.split())
    rights = shell.key(json.loads(made)["key"]).rights
    assert (rights.scopes, rights.models) == (["chat", "embed"], ["echo"])
    assert (rights.collections, rights.parent) == (["handbook"], "team")
    assert (rights.cache, rights.filters) == ("exact", "private")
    day, month = Budget(tokens=100), Budget(money=2.5)
    assert rights.limits == Limits(requests=60, day=day, month=month)
    assert rights.expires_at == pytest.approx(time.time() + 30 * 86_400, abs=60)


def test_a_change_leaves_what_is_not_named_and_takes_back_what_is(shell: Shell) -> None:
    shell.done("create", "bot", "--model", "echo", "--limit", "requests=5", "--expires", "1h")
    shell.done("change", "bot", "--scope", "chat", "--model", "all")
    (bot,) = json.loads(shell.done("list", "--json"))
    assert (bot["scopes"], bot["models"], bot["limits"]["requests"]) == (["chat"], None, 5)
    shell.done("change", "bot", "--limit", "none", "--expires", "never")
    (bot,) = json.loads(shell.done("list", "--json"))
    assert (bot["limits"], bot["expires_at"]) == (None, None)


def test_a_key_may_be_made_for_what_another_one_sees(shell: Shell) -> None:
    shell.done("create", "one")
    shell.done("create", "two", "--as", "one")
    one, two = json.loads(shell.done("list", "--json"))
    assert one["tenant"] == two["tenant"]
    assert "nobody" in shell.failed("create", "three", "--as", "nobody")


def test_a_rotated_key_is_good_for_the_overlap(shell: Shell) -> None:
    old = json.loads(shell.done("create", "bot", "--json"))["key"]
    new = json.loads(shell.done("rotate", "bot", "--overlap", "1h", "--json"))["key"]
    assert shell.key(old).account == shell.key(new).account
    last = json.loads(shell.done("rotate", "bot", "--json"))["key"]
    for text in (old, new):
        with pytest.raises(InvalidKey):
            shell.key(text)
    assert shell.key(last).name == "bot"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--scope", "root"], "scopes.0"),
        (["--expires", "soon"], "span of time"),
        (["--parent", "nobody"], "nobody"),
        (["--cache", "maybe"], "cache"),
        (["--limit", "request=5"], "limits.request"),
        (["--limit", "requests=many"], "limits.requests"),
        (["--limit", "day.tokens=0"], "limits.day.tokens"),
        (["--limit", "requests"], "limits.requests"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_makes_no_key(
    shell: Shell, arguments: list[str], told: str
) -> None:
    error = shell.failed("create", "bot", *arguments)
    assert told in error
    assert len(error.splitlines()) == 1
    assert json.loads(shell.done("list", "--json")) == []


def test_groups_are_listed_and_removed(shell: Shell) -> None:
    shell.done("groups", "put", "team", "--limit", "requests=9")
    shell.done("groups", "put", "anna", "--kind", "person", "--parent", "team")
    listed = json.loads(shell.done("groups", "list", "--json"))
    assert [(each["name"], each["parent"]) for each in listed] == [("anna", "team"), ("team", None)]
    assert "count" in shell.failed("groups", "remove", "team")
    assert "kind" in shell.failed("groups", "put", "x", "--kind", "tribe")
    shell.done("groups", "remove", "anna")
    shell.done("groups", "remove", "team")


def test_the_audit_log_tells_who_did_what_and_no_secret(shell: Shell) -> None:
    text = json.loads(shell.done("create", "bot", "--json"))["key"]
    shell.done("revoke", "bot")
    acts = json.loads(shell.done("audit", "--json"))
    assert [act["act"] for act in acts] == ["key.revoke", "key.create"]
    assert all(act["actor"].startswith("local") for act in acts)
    told = shell.done("audit")
    assert "key.create" in told
    assert text.split("-", 2)[2] not in told
