"""Pictures get a thumbnail and their size, whatever is wrong with them."""

import pytest

from tests.files.stores import Store
from tests.pictures import animation, bomb, picture
from tests.tabs import ROOM


async def test_a_picture_has_a_thumbnail(store: Store) -> None:
    upload = await store.put(picture("JPEG", (2_000, 1_000), rotated=True, maker="Secret"), "a.jpg")
    assert (upload.file.width, upload.file.height) == (1_000, 2_000)
    small = b"".join([piece async for piece in store.read_thumbnail(upload)])
    assert small[8:12] == b"WEBP"
    assert b"Secret" not in small
    assert len(small) == upload.thumbnail_size


async def test_a_damaged_picture_is_stored_as_an_unknown_type(store: Store) -> None:
    upload = await store.put(picture("PNG", (300, 300))[:100], "a.png")
    assert upload.file.type == "application/octet-stream"
    assert upload.file.width is None


async def test_a_picture_of_too_many_pixels_is_stored_without_a_thumbnail(store: Store) -> None:
    upload = await store.put(bomb(), "panorama.gif")
    assert (upload.file.type, upload.file.width) == ("image/gif", None)
    assert upload.thumbnail_size == 0
    assert await store.content(upload) == bomb()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
async def test_an_animated_picture_is_marked_as_one(store: Store, kind: str) -> None:
    moving, still = await store.put(animation(kind)), await store.put(picture(kind))
    assert moving.file.moves
    assert not still.file.moves
    message = await store.post(moving, still)
    stored = await store.messages.get(ROOM, message.seq)
    assert stored.files == message.files
    assert [one.moves for one in stored.files] == [True, False]
