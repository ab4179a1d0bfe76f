"""`hearth cache` as a person runs it, against an appliance that keeps answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve.ledger.keys import Keys
from tests.serve.cli.served import Appliance, started


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    """Three answers are kept, two of them for ada."""
    with started(tmp_path / "home") as made:
        for name, questions in {"ada": ["one", "two", "one"], "bob": ["three"]}.items():
            key = made.make_key(name)
            for question in questions:
                ask(made, key, question)
        yield made


def ask(appliance: Appliance, key: str, question: str, **more: Any) -> str:
    """What the cache had to do with it."""
    url = f"{appliance.settings.url}/v1/chat/completions"
    messages = [{"role": "user", "content": question}]
    body = {"model": "echo", "messages": messages, "temperature": 0, **more}
    response = httpx.post(url, json=body, headers={"authorization": f"Bearer {key}"})
    assert response.status_code == 200, response.text
    return response.headers["x-hearth-cache"]


def told(appliance: Appliance, *arguments: str) -> Any:
    done = appliance.cache(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_the_owner_sees_what_is_kept_and_leaves_no_key_behind(appliance: Appliance) -> None:
    stats = told(appliance, "stats")
    assert (stats["entries"], stats["requests"]) == (3, {"miss": 3, "hit": 1})
    done = appliance.cache("stats")
    assert done.exit_code == 0
    assert "kept      3 answers" in done.stdout
    assert "4, of which 1" in done.stdout
    assert "cache" not in appliance.active_keys()


def test_the_key_of_a_command_ends_by_itself_if_the_command_does_not(appliance: Appliance) -> None:
    told(appliance, "stats")
    keys = Keys(appliance.settings.database)
    (own,) = [key for key in keys.all() if key.name == "cache"]
    keys.close()
    assert own.rights.expires_at is not None
    assert 0 < own.rights.expires_at - own.created_at <= 600.1


def test_entries_are_listed_by_whose_they_are_and_how_old(appliance: Appliance) -> None:
    assert [one["name"] for one in told(appliance, "inspect")] == ["bob", "ada", "ada"]
    assert len(told(appliance, "inspect", "--tenant", "ada")) == 2
    assert len(told(appliance, "inspect", "--limit", "1")) == 1
    assert told(appliance, "inspect", "--older-than", "1h") == []
    assert told(appliance, "inspect", "--model", "sage") == []
    done = appliance.cache("inspect", "--limit", "2")
    assert len(done.stdout.splitlines()) == 3
    assert "--limit" in done.stdout.splitlines()[-1]


def test_a_flush_shows_what_would_go_and_does_nothing_where_nobody_says_yes(
    appliance: Appliance,
) -> None:
    done = appliance.cache("flush", "--tenant", "ada")
    assert done.exit_code == 1
    assert "2 kept answers would go" in done.stdout
    assert "--yes" in done.stderr
    dry = json.loads(appliance.cache("flush", "--json").stdout)
    assert (dry["dry_run"], dry["entries"]) == (True, 3)
    assert told(appliance, "stats")["entries"] == 3


def test_a_flush_takes_what_it_was_told_to_take(appliance: Appliance) -> None:
    done = appliance.cache("flush", "--tenant", "ada", "--yes")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "2 kept answers are gone.")
    assert [one["name"] for one in told(appliance, "inspect")] == ["bob"]
    gone = told(appliance, "flush", "--yes")
    assert (gone["dry_run"], gone["entries"]) == (False, 1)
    done = appliance.cache("flush", "--yes")
    assert (done.exit_code, done.stdout) == (0, "There is nothing to forget.\n")


def test_who_is_no_admin_is_refused_in_one_line(appliance: Appliance) -> None:
    key = appliance.make_key("eve")
    for command in ("stats", "inspect", "flush"):
        done = appliance.cache(command, HEARTH_KEY=key)
        assert done.exit_code == 1
        assert "admin" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert told(appliance, "stats")["entries"] == 3
    root = appliance.make_key("root", admin=True)
    assert appliance.cache("stats", HEARTH_KEY=root).exit_code == 0


@pytest.mark.parametrize("span", ["1", "h", "1w", "-1h", "1.5h"])
def test_a_span_of_time_that_is_none_is_refused(appliance: Appliance, span: str) -> None:
    done = appliance.cache("flush", "--yes", "--older-than", span)
    assert done.exit_code == 1
    assert "15m" in done.stderr
    assert told(appliance, "stats")["entries"] == 3
