"""Settings: one frozen tree, and the only reader of the environment.

Precedence, strongest first: command-line options, `HEARTH_…` environment variables (nested with
`__`, as in `HEARTH_LIMITS__BODY_BYTES`), the YAML file, the defaults written here. Unknown keys
are errors. `hearth.example.yaml` is the annotated manual; a test loads it and checks that it
names every key.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    YamlConfigSettingsSource,
)
from yaml import YAMLError

from serve.profiles import Profile, gpu_memory, tiers_of
from serve.sections.admission import AdmissionSettings, BrownoutSettings
from serve.sections.appliance import GatewaySettings, LogSettings, UiSettings
from serve.sections.cache import CacheSettings
from serve.sections.fallback import BreakerSettings, RetrySettings
from serve.sections.filters import FilterSettings
from serve.sections.library import LibrarySettings, RetrievalSettings
from serve.sections.quality import QualitySettings
from serve.sections.quotas import QuotaSettings
from serve.sections.receipts import CostSettings, ReceiptSettings
from serve.sections.requests import DeadlineSettings, LimitSettings
from serve.sections.routing import RoutingSettings
from serve.sections.tiers import EmbedderSettings, TierSettings
from serve.sections.tracing import TracingSettings

FILE = "HEARTH_CONFIG"  # where the YAML file is
RUN_MARK = "HEARTH_RUN"  # on every process of an appliance: which data directory it serves
# What commands take from the environment besides the settings: keys, for those who use them.
COMMANDS = frozenset({"HEARTH_KEY", "HEARTH_BENCH_KEY", "HEARTH_BENCH_AGAINST_KEY"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ConfigError(Exception):
    """The configuration cannot be used. `message` is one line per problem, for people."""


class Settings(BaseSettings):
    """The whole configuration of one appliance."""

    model_config = SettingsConfigDict(
        env_prefix="HEARTH_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    home: Path = Field(Path("~/.hearth"), description="Data directory (HEARTH_HOME).")
    host: str = Field("127.0.0.1", description="Address to listen on. Loopback unless changed.")
    port: int = Field(8080, ge=1, le=65535, description="Port of API and chat (HEARTH_PORT).")
    allowed_hosts: tuple[str, ...] = Field(
        (), description="Names that clients may use besides loopback. Required off loopback."
    )
    gateway: GatewaySettings = Field(GatewaySettings(), description="The front processes.")
    profile: Profile = Field("auto", description="What `tiers` are when none are named.")
    tiers: dict[str, TierSettings] = Field(description="Engines by tier name, cheapest first.")
    embedder: EmbedderSettings = Field(EmbedderSettings(), description="Text to vectors.")
    library: LibrarySettings = Field(LibrarySettings(), description="Documents.")
    retrieval: RetrievalSettings = Field(
        RetrievalSettings(), description="How passages are found, and how many."
    )
    ui: UiSettings = Field(UiSettings(), description="The chat page.")
    limits: LimitSettings = Field(LimitSettings(), description="What a request may ask for.")
    quotas: QuotaSettings = Field(QuotaSettings(), description="How much may be used.")
    deadlines: DeadlineSettings = Field(DeadlineSettings(), description="Seconds.")
    retry: RetrySettings = Field(RetrySettings(), description="Attempts before giving up.")
    cache: CacheSettings = Field(CacheSettings(), description="Answers that are given again.")
    filters: FilterSettings = Field(FilterSettings(), description="What is looked for, and done.")
    routing: RoutingSettings = Field(RoutingSettings(), description="Who answers `auto`.")
    admission: AdmissionSettings = Field(AdmissionSettings(), description="Who may go, who waits.")
    brownout: BrownoutSettings = Field(BrownoutSettings(), description="What is spared first.")
    breaker: BreakerSettings = Field(BreakerSettings(), description="Sparing a tier that fails.")
    receipts: ReceiptSettings = Field(ReceiptSettings(), description="What happened to requests.")
    cost: CostSettings = Field(CostSettings(), description="What the machine costs.")
    quality: QualitySettings = Field(QualitySettings(), description="Golden questions.")
    log: LogSettings = Field(LogSettings(), description="What is written to the log.")
    tracing: TracingSettings = Field(TracingSettings(), description="Traces, by OTLP over HTTP.")

    @model_validator(mode="before")
    @classmethod
    def _with_tiers(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("tiers") is not None:
            return values
        return {**values, "tiers": tiers_of(values.get("profile", "auto"), gpu_memory())}

    @model_validator(mode="after")
    def _is_safe(self) -> "Settings":
        if self.host not in LOOPBACK and not self.allowed_hosts:
            raise ValueError("allowed_hosts must name the hosts when host is not loopback")
        if not self.tiers:
            raise ValueError("tiers must name at least one engine")
        names = [tier.model for tier in self.tiers.values()] + [self.embedder.model]
        if len(set(names)) != len(names):
            raise ValueError("every model name may be used by one tier only")
        if self.cache.semantic and self.embedder.engine != "sentence":
            raise ValueError("cache.semantic needs embedder.engine to be sentence")
        if self.quality.judge not in (None, *self.tiers):
            raise ValueError("quality.judge must name one of tiers")
        return self

    @property
    def data(self) -> Path:
        return self.home.expanduser().resolve()

    @property
    def database(self) -> Path:
        return self.data / "hearth.db"

    @property
    def spending(self) -> Path:
        """What was spent of budgets."""
        return self.data / "spending.db"

    @property
    def receipts_file(self) -> Path:
        return self.data / "receipts.db"

    @property
    def quality_file(self) -> Path:
        """How golden questions were answered."""
        return self.data / "quality.db"

    @property
    def has_library(self) -> bool:
        """Documents are found by their vectors, so there must be something that makes them."""
        return self.library.enabled and self.embedder.engine != "none"

    @property
    def shares_cache(self) -> bool:
        """One gateway has its kept answers in its own process."""
        return self.cache.enabled and self.gateway.replicas > 1

    @property
    def shares_limits(self) -> bool:
        """One gateway decides about limits in its own process."""
        return self.gateway.replicas > 1

    @property
    def url(self) -> str:
        """Where clients on this machine reach the appliance."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "127.0.0.1") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def load(file: Path | None = None, **options: Any) -> Settings:
    """Settings from options, environment and the YAML file, in this order of strength.

    The file is `file`, else HEARTH_CONFIG, else `hearth.yaml` in the data directory if there
    is one. Raises `ConfigError`.
    """
    _check_environment(os.environ)
    named = file or _path_from(os.environ, FILE)
    home = options.get("home") or _path_from(os.environ, "HEARTH_HOME") or Path("~/.hearth")
    path = named or Path(home).expanduser() / "hearth.yaml"
    if named and not path.is_file():
        raise ConfigError(f"The configuration file {path} does not exist.")
    try:
        return _reading(path)(**{k: v for k, v in options.items() if v is not None})
    except ValidationError as exc:
        raise ConfigError("\n".join(_line(error) for error in exc.errors())) from exc
    except SettingsError as exc:
        raise ConfigError(f"An environment variable cannot be read: {_first_line(exc)}") from exc
    except (YAMLError, TypeError, ValueError, AttributeError) as exc:  # no mapping of names
        raise ConfigError(f"{path} cannot be read as a YAML mapping: {_first_line(exc)}") from exc


def secret(name: str | None) -> str:
    """The environment variable `name`, for the process that needs it. Raises `ConfigError`."""
    if name is None:
        return ""
    if not (value := os.environ.get(name, "").strip()):
        raise ConfigError(f"The environment variable {name} with a secret is not set.")
    return value


def has_secret(name: str) -> bool:
    """Whether the environment variable `name` is set, as far as this process knows."""
    return bool(os.environ.get(name, "").strip())


def sources(settings: Settings) -> tuple[Mapping[str, Any], frozenset[str]]:
    """What the YAML file says now, and the settings that the environment names, as `limits__stop`;
    options of `hearth up` are among these.
    """
    path = _path_from(os.environ, FILE) or settings.data / "hearth.yaml"
    try:
        told = yaml.safe_load(path.read_text())
    except (OSError, ValueError, YAMLError):
        told = None
    names = (name.removeprefix("HEARTH_") for name in os.environ if name.startswith("HEARTH_"))
    return told if isinstance(told, dict) else {}, frozenset(map(str.lower, names))


def child_environment(settings: Settings, file: Path | None) -> dict[str, str]:
    """This environment, so that `load` in a child finds these settings, and our mark on it."""
    named = {FILE: str(file.resolve())} if file else {}
    place = {"HEARTH_HOME": str(settings.data), "HEARTH_PORT": str(settings.port)}
    return dict(os.environ) | named | place | {RUN_MARK: str(settings.data)}


def _reading(path: Path) -> type[Settings]:
    """`Settings` with `path` as its file source."""

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            *_: PydanticBaseSettingsSource,
            **__: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, YamlConfigSettingsSource(settings_cls, path)

    return FromFile


def _check_environment(environment: Mapping[str, str]) -> None:
    settings = {f"HEARTH_{name.upper()}" for name in Settings.model_fields}
    known = settings | {FILE, RUN_MARK} | COMMANDS
    for name in environment:
        if name.startswith("HEARTH_") and name.split("__")[0].upper() not in known:
            raise ConfigError(f"The environment variable {name} is not a setting.")


def _path_from(environment: Mapping[str, str], name: str) -> Path | None:
    return Path(environment[name]) if environment.get(name) else None


def _line(error: ErrorDetails) -> str:
    where = ".".join(str(part) for part in error["loc"]) or "configuration"
    return f"{where}: {error['msg']}"


def _first_line(exc: BaseException) -> str:
    return " ".join(str(exc).split())[:200]
