"""`/admin/keys`, `/admin/groups` and `/admin/audit`: who may ask, for whom, and who decided it.

Keys are named by their ids here; what is shown of them is everything but the secret.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final

from index.errors import Conflict
from serve.api.call import Call, Response, as_json
from serve.api.lists import as_list, asked_of, whole
from serve.api.schema_keys import ChangedKey, NewGroup, NewKey, Rotation
from serve.api.vector_stores import asked_for
from serve.errors import BadRequest, NotFound
from serve.ledger.groups import Group, GroupInUse, GroupRefused
from serve.ledger.keys import Key, UnknownKey
from serve.ledger.rights import Rights

MOST: Final = 1000  # acts of one page


async def keys(call: Call) -> Response:
    """All that were ever made, oldest first."""
    asked_of(call, ())
    return as_list([key_object(key) for key in call.house.keys.all()], False)


async def key(call: Call) -> Response:
    return as_json(key_object(_of_id(call, call.params["key"])))


async def add_key(call: Call) -> Response:
    """The answer has the key's text, which nobody can read again."""
    asked: NewKey = await asked_for(call, NewKey)
    tenant = _of_id(call, asked.like, "like").tenant if asked.like else None
    with _refusals():
        rights = Rights(**asked.given())
        made, text = call.house.keys.create(asked.name, rights, tenant, call.actor)
    return as_json(key_object(made) | {"key": text})


async def change_key(call: Call) -> Response:
    asked: ChangedKey = await asked_for(call, ChangedKey)
    found = _of_id(call, call.params["key"])
    with _refusals():
        (changed,) = call.house.keys.change(found.id, asked.given(), call.actor)
    return as_json(key_object(changed))


async def revoke_key(call: Call) -> Response:
    found = _of_id(call, call.params["key"])
    with _refusals():
        call.house.keys.revoke(found.id, call.actor)
    return as_json({"id": found.id, "object": "key.deleted", "deleted": True})


async def rotate_key(call: Call) -> Response:
    asked: Rotation = await asked_for(call, Rotation)
    found = _of_id(call, call.params["key"])
    with _refusals():
        made, text = call.house.keys.rotate(found.id, asked.overlap, call.actor)
    return as_json(key_object(made) | {"key": text})


async def groups(call: Call) -> Response:
    asked_of(call, ())
    return as_list([_group_object(each) for each in call.house.keys.groups.all().values()], False)


async def put_group(call: Call) -> Response:
    asked: NewGroup = await asked_for(call, NewGroup)
    group = Group(**asked.model_dump(), created_at=time.time())
    with _refusals():
        call.house.keys.groups.put(group, call.actor)
    return as_json(_group_object(call.house.keys.groups.all()[group.name]))


async def remove_group(call: Call) -> Response:
    name = call.params["group"]
    with _refusals():
        call.house.keys.groups.remove(name, call.actor)
    return as_json({"id": name, "object": "group.deleted", "deleted": True})


async def audit(call: Call) -> Response:
    """Newest first; `before`: the number of an act."""
    asked = asked_of(call, ("limit", "before"))
    limit = whole(asked, "limit", 100, MOST)
    before = whole(asked, "before", 1, 999_999_999) if "before" in asked else None
    found = call.house.keys.acts(limit + 1, before)
    return as_list([_act_object(each) for each in found[:limit]], len(found) > limit)


def key_object(key: Key) -> dict[str, Any]:
    return {"object": "key", **key.described(time.time())}


def _of_id(call: Call, key_id: str, param: str | None = None) -> Key:
    """The key that was not revoked. Raises `NotFound`."""
    for each in call.house.keys.all():
        if each.id == key_id and each.active:
            return each
    raise NotFound("No active key has this id.", param, "not_found")


def _group_object(group: Group) -> dict[str, Any]:
    return {"id": group.name, "object": "group", **group.model_dump(mode="json")}


def _act_object(act: Any) -> dict[str, Any]:
    return {"id": str(act.number), "object": "act", **asdict(act)}


@contextmanager
def _refusals() -> Iterator[None]:
    """What the ring refuses, in the API's words."""
    try:
        yield
    except UnknownKey as exc:
        raise NotFound("No active key has this id.", None, "not_found") from exc
    except GroupInUse as exc:
        raise Conflict(str(exc.args[0])) from exc
    except GroupRefused as exc:
        raise BadRequest(str(exc.args[0]), exc.args[1], "invalid_value") from exc
