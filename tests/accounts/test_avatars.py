"""Small pictures, found by their digest and deleted with what names them."""

import pytest

from littlechat.accounts.avatars import Avatars
from littlechat.accounts.schema import AVATARS
from littlechat.platform.database import Database, Missing


async def test_a_picture_is_found_by_its_digest_alone(db: Database) -> None:
    avatars = Avatars(db)
    digest = await avatars.put("ada", b"one", "image/webp")
    assert await avatars.put("ada", b"one", "image/webp") == digest
    assert (await avatars.get(digest))[:2] == (b"one", "image/webp")
    for wrong in ("", "x", digest[:-1], digest.upper() + "0", "0" * 5_000):
        with pytest.raises(Missing):
            await avatars.get(wrong)


async def test_two_people_with_one_picture_do_not_share_it(db: Database) -> None:
    avatars = Avatars(db)
    hers, his = [await avatars.put(who, b"one", "image/webp") for who in ("ada", "ben")]
    assert hers != his
    await avatars.keep_only("ada", "")
    assert (await avatars.get(his))[0] == b"one"
    with pytest.raises(Missing):
        await avatars.get(hers)


async def test_only_the_latest_picture_is_kept(db: Database) -> None:
    avatars = Avatars(db)
    old, new = [await avatars.put("ada", data, "image/webp") for data in (b"one", b"two")]
    await avatars.keep_only("ada", new)
    assert await db[AVATARS].count({}) == 1
    with pytest.raises(Missing):
        await avatars.get(old)
