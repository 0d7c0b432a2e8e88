"""The first account's token is the same in every process, and another one on every installation."""

from littlechat.accounts.setup_token import is_setup_token, setup_token


def test_the_token_is_made_of_the_secret_key_alone() -> None:
    token = setup_token("a key of sixteen")
    assert token == setup_token("a key of sixteen")
    assert token != setup_token("another key of it")
    assert "a key" not in token
    assert is_setup_token(token, "a key of sixteen")
    for wrong in ("", token[:-1], token.upper(), "grüße", setup_token("another key of it")):
        assert not is_setup_token(wrong, "a key of sixteen")
