"""Passwords: which may be one, and their hashes, made and checked in threads, a few at a time."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from littlechat.core import NO_PASSWORD, validate_password

HASH_PASSES, HASH_KIB = 3, 32 * 1024
"""OWASP's cheat sheet on password storage asks for 2 passes over 19 MiB, or more."""

HASHES_AT_ONCE = 2
"""Each hash holds 32 MiB and a core for about 0.1 s: a flood of logins waits in line."""

COMMON_PASSWORDS = frozenset(FREQUENCY_LISTS["passwords"])


def require_password(username: str, password: str) -> None:
    """Raise `Invalid` for what may not serve the person of that name as a password."""
    validate_password(password, username, COMMON_PASSWORDS)


class Passwords:
    """Hashes with argon2id. It stores nothing."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(HASH_PASSES, HASH_KIB, parallelism=1)
        self._gate = asyncio.Semaphore(HASHES_AT_ONCE)
        self._decoy = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Return the hash under which a password is stored."""
        async with self._gate:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, digest: str | None, password: str) -> bool:
        """Whether this is the password of a stored hash; None and no password cost the same."""
        if digest is None or digest == NO_PASSWORD:
            digest = self._decoy
        if len(password) > 4_096:
            password = password[:1]  # Never right, as it is over the limit, and cheap to hash.
        async with self._gate:
            try:
                return await asyncio.to_thread(self._hasher.verify, digest, password)
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, digest: str) -> bool:
        """Whether a hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(digest)
