"""Passwords: their validation, and hashing and verifying them in threads. It stores nothing."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from littlechat.core import NO_PASSWORD, validate_password

HASH_PASSES, HASH_KIB = 3, 32 * 1024
"""OWASP's Password Storage Cheat Sheet asks for at least 2 passes over 19 MiB."""

HASHES_AT_ONCE_MAX = 2
"""Each hash takes 32 MiB and a core for about 0.1 s, so that many logins at once must queue."""

COMMON_PASSWORDS = frozenset(FREQUENCY_LISTS["passwords"])


def require_password(username: str, password: str) -> None:
    """Raise `Invalid` for a password that the user of that name may not choose."""
    validate_password(password, username, COMMON_PASSWORDS)


class Passwords:
    """Hashes and verifies with argon2id."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(HASH_PASSES, HASH_KIB, parallelism=1)
        self._gate = asyncio.Semaphore(HASHES_AT_ONCE_MAX)
        self._decoy = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Return the hash to store for a password."""
        async with self._gate:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, digest: str | None, password: str) -> bool:
        """Whether `password` matches a stored hash.

        Without a hash, as for an unknown user, it takes the same time and returns False.
        """
        if digest is None or digest == NO_PASSWORD:
            digest = self._decoy
        if len(password) > 4_096:
            password = password[:1]  # Over the limit and so never right; this is cheap to hash.
        async with self._gate:
            try:
                return await asyncio.to_thread(self._hasher.verify, digest, password)
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, digest: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(digest)
