"""Settings come from the environment or the start stops with a sentence that names the remedy."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from littlechat.platform.configuration import ConfigError, Settings

KEY = "sixteen or more characters"


def settings(**env: str) -> Settings:
    return Settings.from_environment(env)


def refusal(**env: str) -> str:
    with pytest.raises(ConfigError) as refused:
        settings(**env)
    return str(refused.value)


def test_empty_environment_is_a_whole_configuration() -> None:
    assert settings() == Settings()


def test_empty_variables_count_as_unset() -> None:
    names = (
        "HOST PORT DATA_DIR MONGODB_URI REDIS_URL SECRET_KEY WEB_CONCURRENCY LOG_LEVEL RATE_LIMITS "
        "COOKIE_SECURE PROXY_HOPS METRICS_TOKEN UPLOAD_MAX UPLOAD_QUOTA PUBLIC_URL ALLOWED_HOSTS"
    )
    assert settings(**dict.fromkeys(names.split(), "")) == Settings()


def test_every_variable_is_taken_over() -> None:
    chosen = settings(
        HOST="0.0.0.0",
        PORT=" 80 ",
        DATA_DIR="/srv/chat",
        MONGODB_URI="mongodb+srv://db.example/chat",
        REDIS_URL="rediss://cache.example",
        SECRET_KEY=KEY,
        WEB_CONCURRENCY="4",
        LOG_LEVEL="debug",
        RATE_LIMITS="OFF",
        COOKIE_SECURE="on",
        PROXY_HOPS="2",
        METRICS_TOKEN="scraper",
        UPLOAD_MAX="100",
        UPLOAD_QUOTA="0",
        MODERATE_DIRECT_MESSAGES="on",
        PUBLIC_URL="https://Chat.example/",
        ALLOWED_HOSTS="Chat.example, intranet:8000",
    )
    assert chosen.moderate_direct_messages
    assert chosen.public_url == "https://chat.example"
    assert chosen.allowed_hosts == ("chat.example", "intranet:8000")
    assert (chosen.host, chosen.port, str(chosen.data_dir)) == ("0.0.0.0", 80, "/srv/chat")
    assert chosen.mongodb_uri == "mongodb+srv://db.example/chat"
    assert chosen.redis_url == "rediss://cache.example"
    assert (chosen.secret_key, chosen.workers, chosen.log_level) == (KEY, 4, "DEBUG")
    assert chosen.metrics_token == "scraper"
    assert (chosen.upload_max, chosen.upload_quota) == (100, 0)
    assert (chosen.rate_limits, chosen.cookie_secure, chosen.proxy_hops) == (False, "on", 2)


PUBLIC = "the address that people open, without a path, such as https://chat.example"


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("PORT", "http", "a whole number from 0 to 65535"),
        ("PORT", "65536", "a whole number from 0 to 65535"),
        ("PORT", "-1", "a whole number from 0 to 65535"),
        ("WEB_CONCURRENCY", "0", "a whole number from 1 to 64"),
        ("WEB_CONCURRENCY", "2.5", "a whole number from 1 to 64"),
        ("PROXY_HOPS", "11", "a whole number from 0 to 10"),
        ("LOG_LEVEL", "loud", "one of: DEBUG, INFO, WARNING, ERROR"),
        ("RATE_LIMITS", "no", "one of: on, off"),
        ("COOKIE_SECURE", "yes", "one of: auto, on, off"),
        ("PUBLIC_URL", "chat.example", PUBLIC),
        ("PUBLIC_URL", "https://chat.example/chat", PUBLIC),
        ("ALLOWED_HOSTS", "a/b", "the names that people use, such as: chat.example, chat.lan"),
    ],
)
def test_bad_value_is_refused_with_its_name_itself_and_the_remedy(
    name: str, value: str, remedy: str
) -> None:
    assert refusal(**{name: value}) == f"{name} is {value!r}; set it to {remedy}."


@pytest.mark.parametrize("name", ["MONGODB_URI", "REDIS_URL"])
@pytest.mark.parametrize("value", ["http://u:hunter2@h", "hunter2", "mongodb://[hunter2"])
def test_bad_address_is_refused_without_repeating_its_password(name: str, value: str) -> None:
    sentence = refusal(**{name: value})
    assert sentence.startswith(f"{name} must start with {name[:5].lower()}")
    assert sentence.endswith(":// and be a whole address.")
    assert "hunter2" not in sentence


def test_shared_database_needs_a_shared_key() -> None:
    assert "SECRET_KEY is not set" in refusal(MONGODB_URI="mongodb://db")
    assert settings(MONGODB_URI="mongodb://db", SECRET_KEY=KEY).secret_key == KEY


def test_short_key_is_refused_and_not_repeated() -> None:
    assert "16 characters" in refusal(SECRET_KEY="x" * 15)
    assert "xxx" not in refusal(SECRET_KEY="x" * 15)
    assert settings(SECRET_KEY="x" * 16).secret_key == "x" * 16


def test_several_processes_without_a_bus_are_never_silently_split() -> None:
    sentence = refusal(WEB_CONCURRENCY="2")
    assert "WEB_CONCURRENCY asks for 2 processes" in sentence
    assert "Set REDIS_URL" in sentence
    assert settings(WEB_CONCURRENCY="2", REDIS_URL="redis://r").workers == 2


texts = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)
NAMES = "HOST PORT DATA_DIR MONGODB_URI REDIS_URL SECRET_KEY WEB_CONCURRENCY LOG_LEVEL PROXY_HOPS"


@given(st.dictionaries(st.sampled_from(NAMES.split()), texts))
@example({"MONGODB_URI": "mongodb://["})
@example({"PORT": "9" * 5_000})
def test_any_environment_gives_settings_or_a_sentence(env: dict[str, str]) -> None:
    try:
        chosen = Settings.from_environment(env)
    except ConfigError:
        return
    assert 0 <= chosen.port <= 65_535
    assert chosen.workers == 1 or chosen.redis_url
