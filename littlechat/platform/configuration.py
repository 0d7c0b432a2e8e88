"""`Settings`, read once from the environment; a bad value stops the start with its remedy."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from littlechat.platform.server_addresses import REMEDY, has_readable_credentials

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
SECRET_KEY_MIN = 16

CookieSecure = Literal["auto", "on", "off"]


class ConfigError(Exception):
    """A setting is missing or wrong; the text is a sentence with its name and its remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an installation may choose. The README's table of settings says the same."""

    host: str = "127.0.0.1"
    port: int = 8000
    data_dir: Path = Path("littlechat-data")
    mongodb_uri: str | None = None
    """None: the embedded database is started and this is filled in."""
    redis_url: str | None = None
    """None: one process, which needs no bus between processes."""
    secret_key: str = ""
    """Signs the session cookies. Empty: made once and kept in the data directory."""
    workers: int = 1
    log_level: str = "INFO"
    rate_limits: bool = True
    cookie_secure: CookieSecure = "auto"
    """`auto` marks cookies Secure except for a browser that came to plain http on localhost."""
    metrics_token: str | None = None
    """Who sends it as a bearer token may read `/metrics` from anywhere; None: this machine only."""
    upload_max: int = 25
    """How many MiB a file may have."""
    upload_quota: int = 5_120
    """How many MiB all files together may have; 0 switches uploads off."""
    push_private: bool = False
    """Notifications may be sent to private addresses; for tests, no variable sets it."""
    webhooks_private: bool = False
    """Whether bots' webhooks may lead into private networks, and to this machine."""
    proxy_hops: int = 0
    """How many reverse proxies stand in front and may be believed about a client's address."""

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "Settings":
        """Return the settings that `env` spells; raise `ConfigError`."""
        mongodb_uri = _uri(env, "MONGODB_URI", ("mongodb", "mongodb+srv"))
        redis_url = _uri(env, "REDIS_URL", ("redis", "rediss", "unix"))
        settings = cls(
            host=env.get("HOST") or "127.0.0.1",
            port=_integer(env, "PORT", 8000, 0, 65_535),
            data_dir=Path(env.get("DATA_DIR") or "littlechat-data"),
            mongodb_uri=mongodb_uri,
            redis_url=redis_url,
            secret_key=_secret_key(env, required=mongodb_uri is not None),
            workers=_integer(env, "WEB_CONCURRENCY", 1, 1, 64),
            log_level=_choice(env, "LOG_LEVEL", "INFO", LOG_LEVELS),
            rate_limits=_choice(env, "RATE_LIMITS", "on", ("on", "off")) == "on",
            cookie_secure=cast(
                CookieSecure, _choice(env, "COOKIE_SECURE", "auto", ("auto", "on", "off"))
            ),
            metrics_token=env.get("METRICS_TOKEN") or None,
            upload_max=_integer(env, "UPLOAD_MAX", 25, 1, 10_240),
            upload_quota=_integer(env, "UPLOAD_QUOTA", 5_120, 0, 2**30),
            webhooks_private=_choice(env, "WEBHOOKS_PRIVATE", "off", ("on", "off")) == "on",
            proxy_hops=_integer(env, "PROXY_HOPS", 0, 0, 10),
        )
        if settings.workers > 1 and settings.redis_url is None:
            raise ConfigError(
                f"WEB_CONCURRENCY asks for {settings.workers} processes, but without a bus between "
                "them people in one room would not see each other. Set REDIS_URL to a Redis "
                "server, or WEB_CONCURRENCY=1."
            )
        return settings


def _choice(env: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    value = (env.get(name) or default).strip()
    for choice in choices:
        if value.lower() == choice.lower():
            return choice
    raise ConfigError(f"{name} is {value!r}; set it to one of: {', '.join(choices)}.")


def _integer(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = (env.get(name) or str(default)).strip()
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise ConfigError(f"{name} is {text!r}; set it to a whole number from {low} to {high}.")
    return value


def _uri(env: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str | None:
    value = (env.get(name) or "").strip()
    if not value:
        return None
    if value.partition(":")[0].lower() in schemes and not has_readable_credentials(value):
        raise ConfigError(f"{name} cannot be read: {REMEDY}.")
    try:
        scheme = urlsplit(value).scheme
        if scheme.startswith("redis"):
            _ = urlsplit(value).port
    except ValueError:  # unbalanced brackets, as of an IPv6 address, or a port that is no number
        scheme = ""
    # The value may hold a password, so no message repeats any of it.
    if scheme not in schemes:
        allowed = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ConfigError(f"{name} must start with {allowed} and be a whole address.")
    return value


def _secret_key(env: Mapping[str, str], *, required: bool) -> str:
    value = env.get("SECRET_KEY") or ""
    if required and not value:
        raise ConfigError(
            "SECRET_KEY is not set. With MONGODB_URI set, every process needs the same one: make "
            "it once with  python3 -c 'import secrets; print(secrets.token_urlsafe(32))'  and "
            "keep it."
        )
    if value and len(value) < SECRET_KEY_MIN:
        raise ConfigError(f"SECRET_KEY is too short; it needs {SECRET_KEY_MIN} characters or more.")
    return value
