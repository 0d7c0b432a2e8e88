"""`Settings`, read once from environment variables and validated."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from littlechat.core import normal_host, origin_of
from littlechat.platform.server_addresses import REMEDY, has_readable_credentials

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
SECRET_KEY_MIN = 16

CookieSecure = Literal["auto", "on", "off"]


class ConfigError(Exception):
    """A setting is missing or wrong; the text names the variable and says what to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The configuration of an installation. The README lists the variables."""

    host: str = "127.0.0.1"
    port: int = 8000
    data_dir: Path = Path("littlechat-data")
    mongodb_uri: str | None = None
    """If None, the `littlechat` command starts the embedded database and fills this in."""
    redis_url: str | None = None
    """If None, there is one process, and its bus is in memory."""
    secret_key: str = ""
    """Signs the session cookies. If empty, it is generated once and kept in the data directory."""
    workers: int = 1
    log_level: str = "INFO"
    rate_limits: bool = True
    cookie_secure: CookieSecure = "auto"
    """Whether cookies are marked Secure; `auto` does so except on plain http on localhost."""
    metrics_token: str | None = None
    """The bearer token for `/metrics`. If None, only this machine may read them."""
    upload_max: int = 25
    """Maximum size of an uploaded file, in MiB."""
    upload_quota: int = 5_120
    """Maximum size of all files together, in MiB; 0 switches uploads off."""
    push_private: bool = False
    """Whether push services may be on private addresses. Only tests set it; no variable does."""
    moderate_direct_messages: bool = False
    """Whether administrators may remove what others said to them in direct conversations."""
    webhooks_private: bool = False
    """Whether bots' webhooks may be on private addresses, including this machine's."""
    public_url: str | None = None
    """The origin by which people reach us. If None, `allowed_hosts` or the database names it."""
    allowed_hosts: tuple[str, ...] = ()
    """The hosts that are served besides, the first of which is in links without `public_url`."""
    proxy_hops: int = 0
    """Number of reverse proxies in front whose X-Forwarded-For entries are trusted."""

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "Settings":
        """Return the settings in the environment variables `env`; raise `ConfigError`."""
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
            moderate_direct_messages=_choice(env, "MODERATE_DIRECT_MESSAGES", "off", ("on", "off"))
            == "on",
            webhooks_private=_choice(env, "WEBHOOKS_PRIVATE", "off", ("on", "off")) == "on",
            public_url=_origin(env, "PUBLIC_URL"),
            allowed_hosts=_hosts(env, "ALLOWED_HOSTS"),
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


def _origin(env: Mapping[str, str], name: str) -> str | None:
    value = (env.get(name) or "").strip()
    origin = origin_of(value)
    if value and origin is None:
        raise ConfigError(
            f"{name} is {value!r}; set it to the address that people open, without a path, such as "
            "https://chat.example."
        )
    return origin


def _hosts(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    hosts = []
    for value in (env.get(name) or "").replace(",", " ").split():
        host = normal_host(value)
        if host is None:
            raise ConfigError(
                f"{name} is {value!r}; set it to the names that people use, such as: "
                "chat.example, chat.lan."
            )
        hosts.append(host)
    return tuple(hosts)


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
    except ValueError:  # unbalanced brackets of an IPv6 address, or a port that is not a number
        scheme = ""
    # The message does not repeat the value, which may contain a password.
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
