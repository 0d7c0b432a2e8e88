"""Thumbnails: upright, small, without metadata, and safe from hostile files."""

from io import BytesIO

import pytest
from PIL import Image

from littlechat.core.errors import Invalid
from littlechat.files.thumbnails import (
    FORMATS,
    PIXELS_MAX,
    TooManyPixels,
    thumbnail,
)
from tests.pictures import animation, bomb, opened, picture


@pytest.mark.parametrize("kind", FORMATS)
async def test_a_picture_becomes_a_thumbnail(kind: str) -> None:
    small = await thumbnail(picture(kind, (400, 200)), 100)
    assert (small.width, small.height) == (100, 50)
    assert (small.source_width, small.source_height) == (400, 200)
    assert small.type == "image/webp"
    image = opened(small.data)
    assert image.format == "WEBP"
    assert image.size == (100, 50)


async def test_a_small_picture_is_not_enlarged() -> None:
    small = await thumbnail(picture(size=(40, 20)), 100)
    assert (small.width, small.height) == (40, 20)


@pytest.mark.parametrize("size", [(40, 20), (4_000, 2_000), (20, 40), (30, 30)])
async def test_picture_is_turned_upright(size: tuple[int, int]) -> None:
    small = await thumbnail(picture("JPEG", size, rotated=True), 100)
    assert (small.source_width, small.source_height) == (size[1], size[0])
    image = opened(small.data).convert("RGB")
    # What was on the left is now above.
    above, below = image.getpixel((image.width // 2, 1)), image.getpixel((1, image.height - 2))
    assert isinstance(above, tuple)
    assert isinstance(below, tuple)
    assert above[0] > 200 > 100 > above[2]
    assert below[2] > 200 > 100 > below[0]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_nothing_of_the_metadata_is_left(kind: str) -> None:
    original = picture(kind, rotated=True, maker="Secret Camera")
    assert b"Secret Camera" in original
    small = await thumbnail(original, 100)
    assert b"Secret Camera" not in small.data
    assert not opened(small.data).getexif()


async def test_square_is_cropped_to_the_middle() -> None:
    small = await thumbnail(picture(size=(400, 100)), 64, square=True)
    assert (small.width, small.height) == (64, 64)
    assert (await thumbnail(picture(size=(40, 20)), 64, square=True)).width == 20


async def test_animation_gives_its_first_frame() -> None:
    image = opened((await thumbnail(animation(), 100)).data)
    assert not getattr(image, "is_animated", False)
    pixel = image.convert("RGB").getpixel((4, 4))
    assert isinstance(pixel, tuple)
    assert pixel[1] > 100 > max(pixel[0], pixel[2])


async def test_transparency_is_kept() -> None:
    out = BytesIO()
    Image.new("LA", (20, 20), (0, 0)).save(out, "PNG")
    assert opened((await thumbnail(out.getvalue(), 100)).data).mode == "RGBA"


async def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    data = bomb()
    assert len(data) < 1_000
    assert opened_size(data) > PIXELS_MAX
    with pytest.raises(TooManyPixels, match="50 million"):
        await thumbnail(data, 100)


def opened_size(data: bytes) -> int:
    return int.from_bytes(data[6:8], "little") * int.from_bytes(data[8:10], "little")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"just text",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        picture("PNG", (200, 200))[:80],
        picture("JPEG", (200, 200))[:-100],
        picture("BMP"),
        picture("TIFF"),
        picture("PPM"),
        b"GIF89a" + b"\xff" * 100,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    ],
    ids=lambda data: repr(data[:12]),
)
async def test_a_file_that_is_not_a_complete_picture_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        await thumbnail(data, 100)
    assert not isinstance(refused.value, TooManyPixels)
    assert list(refused.value.errors) == ["file"]


async def test_a_polyglot_becomes_a_plain_picture() -> None:
    data = picture("GIF") + b"<script>alert(1)</script>"
    assert b"script" not in (await thumbnail(data, 100)).data


async def test_an_open_file_is_read_only_when_its_turn_comes() -> None:
    small = await thumbnail(BytesIO(picture(size=(400, 200))), 100)
    assert (small.width, small.height) == (100, 50)
    with pytest.raises(Invalid):
        await thumbnail(BytesIO(b"nothing"), 100)
