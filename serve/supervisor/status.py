"""How the appliance is, as a person or a script may ask."""

from dataclasses import asdict, dataclass

from serve.config import Settings
from serve.supervisor import probe
from serve.supervisor.place import Place


@dataclass(frozen=True, slots=True)
class Status:
    """`tiers`: state, its reason, engine and model by tier name.

    `detail` is the supervisor's last word.
    """

    ready: bool
    url: str
    phase: str
    detail: str
    tiers: dict[str, dict[str, str]]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def status_of(settings: Settings) -> Status:
    """Asks the lock, the supervisor's last word and, if one lives, the appliance itself."""
    place = Place(settings.data)
    supervisor, state = place.supervisor(), place.state()
    runs = supervisor is not None and supervisor == state.pid
    url = state.url if runs else settings.url
    states = probe.tier_states(url) if runs else {}
    absent = probe.TierState("starting" if runs else "stopped", "")
    tiers = {
        name: {
            **states.get(name, absent)._asdict(),
            "engine": tier.engine,
            "model": tier.model,
        }
        for name, tier in settings.tiers.items()
    }
    able = any(tier.state == "ready" for tier in states.values())
    ready = runs and state.phase == "ready" and able
    if not runs and state.phase != "failed":
        return Status(ready, url, "stopped", "not running", tiers)
    return Status(ready, url, state.phase, state.detail, tiers)
