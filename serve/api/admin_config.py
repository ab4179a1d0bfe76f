"""`/admin/config`: the configuration as it runs, setting by setting. For admins.

Secrets are no settings: the names of their environment variables are, and whether these are set.
"""

import asyncio
from typing import Any, Final

from serve.api.call import Call, Response, as_json
from serve.api.lists import asked_of
from serve.config import Settings, has_secret, sources
from serve.profiles import gpu_memory, tiers_of
from serve.sections.flat import Setting, flat
from serve.sections.tiers import TierSettings

SECRET: Final = "_from"  # how settings end that name an environment variable


async def configuration(call: Call) -> Response:
    asked_of(call, ())
    data = await asyncio.to_thread(_data, call.house.settings)
    return as_json({"object": "list", "data": data})


def _data(settings: Settings) -> list[dict[str, Any]]:
    file, environment = sources(settings)
    return [
        {
            "path": ".".join(each.path),
            "value": _shown(each),
            "default": each.default,
            "changed": each.changed,
            "description": each.description,
            "source": each.source(file, environment),
        }
        for each in flat(settings, _defaults(settings))
    ]


def _defaults(settings: Settings) -> Settings:
    """Without a file and an environment, but with the tiers of the profile that was chosen."""
    tiers = tiers_of(settings.profile, gpu_memory())
    made = {name: TierSettings(**tier) for name, tier in tiers.items()}
    return Settings.model_construct(None, tiers=made)


def _shown(setting: Setting) -> Any:
    if not setting.path[-1].endswith(SECRET) or setting.value is None:
        return setting.value
    return f"{setting.value} ({'set' if has_secret(setting.value) else 'not set'})"
