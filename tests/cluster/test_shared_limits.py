"""Three gateways and one bank: limits hold over all of them, and without it, too."""

import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from serve.ledger.keys import Keys
from serve.ledger.rights import Rights
from serve.sections.quotas import Limits
from tests.cluster.appliance import Appliance, eventually
from tests.serve.receipts.checked import adds_up, explains

pytestmark = pytest.mark.slow

URL = "/v1/chat/completions"
BODY = {"model": "little", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
BACK = 90.0  # seconds until all gateways, or a killed process, are there


def keys_of(appliance: Appliance, **limits: Limits) -> dict[str, str]:
    """Texts of new keys by name."""
    ring = Keys(appliance.settings.database)
    made = {name: ring.create(name, Rights(limits=one))[1] for name, one in limits.items()}
    ring.close()
    return made


def ask(appliance: Appliance, key: str) -> httpx.Response:
    """By a connection of its own, so that all gateways have their part."""
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=appliance.settings.url, timeout=60, verify=False) as client:
        return client.post(URL, json=BODY, headers=headers)


def asked_well(appliance: Appliance, key: str) -> bool:
    return ask(appliance, key).status_code == 200


def receipt(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    """Another gateway's may take a moment."""
    url = f"/v1/receipts/{answer.headers['x-request-id']}"
    assert eventually(lambda: client.get(url).status_code == 200, BACK)
    return dict(client.get(url).json())


def test_two_keys_get_what_is_theirs_in_a_burst_while_a_third_is_revoked(
    appliance: Appliance,
) -> None:
    limits = {"slow": Limits(requests=5), "fast": Limits(requests=40), "gone": Limits()}
    keys = keys_of(appliance, **limits)
    answers: dict[str, list[httpx.Response]] = {name: [] for name in keys}
    halfway = threading.Barrier(4)

    def burst(name: str) -> None:
        for number in range(80):
            if number == 40:
                halfway.wait(BACK)
                halfway.wait(BACK)  # here it is revoked
            answers[name].append(ask(appliance, keys[name]))

    began = time.monotonic()
    with ThreadPoolExecutor(3) as pool:
        bursts = [pool.submit(burst, name) for name in keys]
        halfway.wait(BACK)
        ring = Keys(appliance.settings.database)
        ring.revoke("gone")
        ring.close()
        halfway.wait(BACK)
        for each in bursts:
            each.result(BACK * 2)
    minutes = (time.monotonic() - began) / 60
    told = {name: Counter(each.status_code for each in mine) for name, mine in answers.items()}
    for name in ("slow", "fast"):  # all at once, and what comes back while the burst lasts
        limit = limits[name].requests or 0
        assert limit <= told[name][200] <= limit * (1 + minutes)
    assert told["gone"][200] == 40
    assert told["gone"][401] + told["gone"][429] == 40  # some are too many bad keys by then
    assert set(told["slow"]) | set(told["fast"]) == {200, 429}
    theirs = [*answers["slow"], *answers["fast"], *answers["gone"][:40]]  # a bad key is nobody's
    with appliance.client() as client:
        receipts = [receipt(client, answer) for answer in theirs]
    assert all(map(explains, receipts, theirs))
    assert adds_up(appliance.settings, receipts)


def test_without_the_bank_requests_go_on_and_a_new_one_takes_its_place(
    appliance: Appliance,
) -> None:
    (key,) = keys_of(appliance, steady=Limits(requests=6000)).values()
    assert asked_well(appliance, key)
    (bank,) = appliance.replicas("limits")
    bank.send_signal(signal.SIGKILL)
    bank.wait(10)
    assert eventually(lambda: asked_well(appliance, key), 10)
    gone = bank.pid
    assert eventually(
        lambda: [each.pid for each in appliance.replicas("limits")] not in ([], [gone]), BACK
    )
    assert asked_well(appliance, key)
