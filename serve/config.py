"""Settings: one frozen tree, and the only reader of the environment.

Precedence, strongest first: command-line options, `HEARTH_…` environment variables (nested with
`__`, as in `HEARTH_LIMITS__BODY_BYTES`), the YAML file, the defaults written here. Unknown keys
are errors. `hearth.example.yaml` is the annotated manual; a test loads it and checks that it
names every key.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    YamlConfigSettingsSource,
)
from yaml import YAMLError

FILE = "HEARTH_CONFIG"  # where the YAML file is
RUN_MARK = "HEARTH_RUN"  # on every process of an appliance: which data directory it serves
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ConfigError(Exception):
    """The configuration cannot be used. `message` is one line per problem, for people."""


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GatewaySettings(Section):
    replicas: int = Field(1, ge=1, le=64, description="Gateway processes.")
    drain_seconds: float = Field(
        30, ge=0, le=3600, description="How long running answers may finish after a stop."
    )


class LimitSettings(Section):
    """What one request may ask for. A request over a limit gets an error that names it."""

    body_bytes: int = Field(2_000_000, ge=1024, description="Size of a request's body.")
    header_bytes: int = Field(16_384, ge=1024, description="Size of all headers together.")
    header_count: int = Field(100, ge=8, description="Number of headers.")
    json_depth: int = Field(64, ge=4, description="Nesting of the JSON body.")
    messages: int = Field(512, ge=1, description="Messages of a chat.")
    choices: int = Field(4, ge=1, le=128, description="`n`: answers to one prompt.")
    stop: int = Field(4, ge=1, description="Stop strings.")
    stop_bytes: int = Field(1024, ge=1, description="Length of one stop string.")
    tools: int = Field(128, ge=1, description="Tools of one request.")
    schema_bytes: int = Field(65_536, ge=256, description="Size of one JSON schema.")
    top_logprobs: int = Field(20, ge=0, le=20, description="Alternatives per token.")
    logit_bias: int = Field(1024, ge=1, description="Entries of `logit_bias`.")
    max_tokens: int = Field(1_000_000, ge=1, description="Highest accepted `max_tokens`.")
    prompts: int = Field(128, ge=1, description="Prompts of one completions request.")
    embedding_inputs: int = Field(2048, ge=1, description="Texts of one embeddings request.")
    waiting: int = Field(256, ge=1, description="Requests that may wait for one engine.")


class DeadlineSettings(Section):
    """Seconds. None of them is without an end."""

    headers: float = Field(10, gt=0, description="A request's headers must have arrived.")
    body: float = Field(30, gt=0, description="A request's body must have arrived.")
    write: float = Field(30, gt=0, description="A client may leave its answer unread.")
    answer: float = Field(600, gt=0, description="A whole answer, queueing included.")
    heartbeat: float = Field(5, gt=0, description="Silence on a stream before a comment is sent.")
    start: float = Field(600, gt=0, description="From the start until ready, models loaded.")
    recovery: float = Field(30, gt=0, description="Wait for an engine that is being replaced.")


class RetrySettings(Section):
    attempts: int = Field(3, ge=1, le=10, description="Tries per request, the first included.")


class ScriptSettings(Section):
    """What a `scripted` engine does; see models/scripted.py."""

    words: tuple[str, ...] = Field((), description="The answer's pieces; empty: echo the user.")
    first_token_delay: float = Field(0, ge=0, description="Seconds before the first word.")
    token_delay: float = Field(0, ge=0, description="Seconds before every other word.")
    fail_after: int | None = Field(None, ge=0, description="Fail at this word.")
    fail_times: int | None = Field(None, ge=0, description="How many generations fail.")
    context_length: int = Field(8192, ge=16, description="Tokens of prompt and answer.")


class TierSettings(Section):
    """One engine: what answers, and with how much of the machine."""

    engine: Literal["llama", "scripted"] = Field(description="Kind of engine.")
    model: str = Field(description="Name under which clients ask for it.")
    path: Path | None = Field(None, description="GGUF file; none: the bundled small model.")
    sha256: str | None = Field(None, description="The file must have this hash.")
    context_length: int = Field(2048, ge=128, description="Tokens of prompt and answer.")
    slots: int = Field(32, ge=1, le=256, description="Answers generated at the same time.")
    threads: int | None = Field(None, ge=1, description="Cores; none: all of this process.")
    temperature: float = Field(
        1.0, ge=0, le=2, description="Of requests that name none; small models want less."
    )
    top_p: float = Field(1.0, gt=0, le=1, description="Of requests that name none.")
    speculate: bool = Field(True, description="Prompt-lookup speculation when it pays.")
    layout: dict[str, str | int | bool] | None = Field(
        None, description="Weights and KV cache; none: what set-up measured on this machine."
    )
    script: ScriptSettings = Field(ScriptSettings(), description="Only for `scripted`.")


class EmbedderSettings(Section):
    engine: Literal["sentence", "hashing", "none"] = Field("sentence", description="Kind.")
    model: str = Field("all-minilm-l6-v2", description="Name under which clients ask for it.")
    threads: int = Field(1, ge=1, description="Cores of the embedder.")


class UiSettings(Section):
    enabled: bool = Field(True, description="Serve the chat page at /ui.")


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level.")
    receipts: bool = Field(True, description="One JSON line per request (never its text).")


def _small_tier() -> dict[str, TierSettings]:
    """The bundled model, with the sampling that its authors recommend."""
    model = "smollm2-135m-instruct"
    return {"small": TierSettings(engine="llama", model=model, temperature=0.2, top_p=0.9)}


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
    tiers: dict[str, TierSettings] = Field(
        default_factory=_small_tier, description="Engines by tier name."
    )
    embedder: EmbedderSettings = Field(EmbedderSettings(), description="Text to vectors.")
    ui: UiSettings = Field(UiSettings(), description="The chat page.")
    limits: LimitSettings = Field(LimitSettings(), description="What a request may ask for.")
    deadlines: DeadlineSettings = Field(DeadlineSettings(), description="Seconds.")
    retry: RetrySettings = Field(RetrySettings(), description="Attempts before giving up.")
    log: LogSettings = Field(LogSettings(), description="What is written to the log.")

    @model_validator(mode="after")
    def _is_safe(self) -> "Settings":
        if self.host not in LOOPBACK and not self.allowed_hosts:
            raise ValueError("allowed_hosts must name the hosts when host is not loopback")
        if not self.tiers:
            raise ValueError("tiers must name at least one engine")
        names = [tier.model for tier in self.tiers.values()] + [self.embedder.model]
        if len(set(names)) != len(names):
            raise ValueError("every model name may be used by one tier only")
        return self

    @property
    def data(self) -> Path:
        return self.home.expanduser().resolve()

    @property
    def database(self) -> Path:
        return self.data / "hearth.db"

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
    except (YAMLError, TypeError, ValueError) as exc:  # the latter two: it is no mapping
        raise ConfigError(f"{path} cannot be read as a YAML mapping: {_first_line(exc)}") from exc


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
    known = {f"HEARTH_{name.upper()}" for name in Settings.model_fields} | {FILE, RUN_MARK}
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
