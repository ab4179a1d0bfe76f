from collections.abc import AsyncIterator

import pytest

from tests.ui.appliance import Served
from ui.client import Appliance
from ui.entering import Entering
from ui.refusals import Refused


@pytest.fixture
async def entering(appliance: Served) -> AsyncIterator[Entering]:
    client = Appliance(appliance.url)
    yield Entering(client)
    await client.close()


async def test_a_good_key_opens_the_room_and_is_trimmed(
    entering: Entering, appliance: Served
) -> None:
    key, models = await entering.enter(f" {appliance.key}\n", "")
    assert key == appliance.key
    assert models == [*appliance.engines, "auto"]


@pytest.mark.parametrize("key", ["", "   "])
async def test_an_empty_key_is_asked_for(entering: Entering, key: str) -> None:
    with pytest.raises(Refused, match="paste a key"):
        await entering.enter(key, "")


async def test_a_sign_in_link_gives_a_key_once(entering: Entering, appliance: Served) -> None:
    token = appliance.link.partition("=")[2]
    key, models = await entering.enter("", token)
    assert key.startswith("hearth-")
    assert models
    with pytest.raises(Refused, match="used before"):
        await entering.enter("", token)


async def test_a_used_link_does_not_keep_out_who_has_a_key(
    entering: Entering, appliance: Served
) -> None:
    assert (await entering.enter(appliance.key, "used-up"))[0] == appliance.key
