"""The avatars of people, stored in the database and addressed by their digest."""

import hashlib
from datetime import datetime

from littlechat.accounts.schema import AVATARS
from littlechat.platform import Database, Missing, now

DIGEST_CHARS = 32


class Avatars:
    """The store of avatars."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def put(self, user_id: str, data: bytes, kind: str) -> str:
        """Store a picture; return its digest. `kind` is its media type."""
        # The digest includes the user, so that deleting one user's avatar deletes no other's.
        digest = hashlib.sha256(user_id.encode() + b"\0" + data).hexdigest()[:DIGEST_CHARS]
        if not await self._db[AVATARS].find_one({"_id": digest}):
            await self._db[AVATARS].insert(
                {"_id": digest, "user": user_id, "type": kind, "data": data, "at": now()}
            )
        return digest

    async def get(self, digest: str) -> tuple[bytes, str, datetime]:
        """Return an avatar's bytes, media type and time of upload; raise `Missing`."""
        document = await self._db[AVATARS].find_one({"_id": digest[: DIGEST_CHARS * 2]})
        if document is None:
            raise Missing
        return bytes(document["data"]), str(document["type"]), document["at"]

    async def keep_only(self, user_id: str, digest: str) -> None:
        """Delete all avatars of a user but the one with `digest`."""
        for document in await self._db[AVATARS].find({"user": user_id}):
            if document["_id"] != digest:
                await self._db[AVATARS].delete({"_id": document["_id"]})
