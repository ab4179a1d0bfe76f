"""`/admin/config`: the configuration as it runs, setting by setting, and what the next start would
change, where the file was edited since. For admins.

Secrets are no settings: the names of their environment variables are, and whether these are set.
"""

import asyncio
from typing import Any, Final

from serve.api.call import Call, Response, as_json
from serve.api.lists import asked_of
from serve.config import ConfigError, Settings, has_secret, load, sources
from serve.profiles import gpu_memory, tiers_of
from serve.sections.flat import Setting, Source, flat
from serve.sections.tiers import TierSettings

SECRET: Final = "_from"  # how settings end that name an environment variable


async def configuration(call: Call) -> Response:
    asked_of(call, ())
    return as_json(await asyncio.to_thread(_configuration, call.house.settings))


def _configuration(settings: Settings) -> dict[str, Any]:
    """`trouble`: why the next start would fail."""
    try:
        planned, trouble = _planned(settings, load(home=settings.data)), None
    except ConfigError as exc:
        planned, trouble = [], str(exc)
    return {"object": "list", "data": _data(settings), "planned": planned, "trouble": trouble}


def _planned(now: Settings, following: Settings) -> list[dict[str, Any]]:
    """The settings that will be others; None for one that is not there. Of a tier that comes or
    goes what somebody chose.
    """
    before, after = ({each.path: each for each in flat(one)} for one in (now, following))
    pairs = [(path, before.get(path), after.get(path)) for path in dict.fromkeys([*before, *after])]
    return [
        {"path": ".".join(path), "value": one and _shown(one), "next": other and _shown(other)}
        for path, one, other in pairs
        if _differ(one, other)
    ]


def _differ(one: Setting | None, other: Setting | None) -> bool:
    if one and other:
        return bool(one.value != other.value)
    present = one or other
    return present is not None and present.changed


def _data(settings: Settings) -> list[dict[str, Any]]:
    file, environment = sources(settings)
    chosen = _tiers_of(settings)
    by_profile = settings.tiers == chosen
    defaults = Settings.model_construct(None, tiers=chosen if by_profile else {})
    data = []
    for each in flat(settings, defaults):
        source = each.source(file, environment)
        if by_profile and each.path[0] == "tiers" and source == "default":
            source = "profile"
        data.append(_told(each, source))
    return data


def _tiers_of(settings: Settings) -> dict[str, TierSettings]:
    """Those that the profile stands for, where none are named."""
    tiers = tiers_of(settings.profile, gpu_memory())
    return {name: TierSettings(**tier) for name, tier in tiers.items()}


def _told(setting: Setting, source: Source) -> dict[str, Any]:
    return {
        "path": ".".join(setting.path),
        "value": _shown(setting),
        "default": setting.default,
        "changed": setting.changed,
        "description": setting.description,
        "source": source,
    }


def _shown(setting: Setting) -> Any:
    if not setting.path[-1].endswith(SECRET) or setting.value is None:
        return setting.value
    return f"{setting.value} ({'set' if has_secret(setting.value) else 'not set'})"
