"""How the appliance is, as a person or a script may ask."""

import time
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from typing import Final

import apsw

from serve.config import Settings
from serve.ledger.quality import QualityFile
from serve.receipt import id_at
from serve.receipts.receipt_file import known
from serve.supervisor import probe
from serve.supervisor.place import Place
from serve.telemetry.recent import Recent, recent

LATELY: Final = 300.0  # seconds
MOST: Final = 50_000  # receipts that are looked at
LATE: Final = "SELECT receipt FROM receipts WHERE id >= ? ORDER BY id DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class Status:
    """`tiers`: state, its reason, engine and model by tier name.

    `detail` is the supervisor's last word. `worse`: sets of golden questions whose answers have
    become worse. `recent`: the last minutes, where receipts are kept.
    """

    ready: bool
    url: str
    phase: str
    detail: str
    tiers: dict[str, dict[str, str]]
    worse: tuple[str, ...] = ()
    recent: Recent | None = None

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
        return Status(ready, url, "stopped", "not running", tiers, _worse(settings))
    return Status(
        ready,
        url,
        state.phase,
        state.detail,
        tiers,
        _worse(settings),
        lately(settings, time.time()),
    )


def _worse(settings: Settings) -> tuple[str, ...]:
    if settings.quality.questions is None:
        return ()
    latest = QualityFile(settings.quality_file).latest()
    return tuple(name for name, trend in latest.items() if trend.dropped)


def lately(settings: Settings, now: float) -> Recent | None:
    """The last minutes until `now`, in unix seconds."""
    with suppress(apsw.Error), closing(known(settings.receipts_file)) as db:
        return recent((line for (line,) in db.execute(LATE, (id_at(now - LATELY), MOST))), LATELY)
    return None
