"""Thumbnails: upright, small, without metadata, and safe from hostile files."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from zlib import crc32

import pytest
from PIL import Image

from littlechat.core.errors import Invalid
from littlechat.files import drawing, thumbnails
from littlechat.files.drawing import FORMATS, PIXELS_MAX
from littlechat.files.thumbnails import Thumbnail, Thumbnails, TooCostly
from tests.pictures import animation, bomb, opened, picture


async def thumbnail(
    data: bytes | BytesIO, box: int, *, square: bool = False, person: str = "ada"
) -> Thumbnail:
    return await Thumbnails().make(data, box, person, square=square)


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
    with pytest.raises(TooCostly, match="64 million"):
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
    assert not isinstance(refused.value, TooCostly)
    assert list(refused.value.errors) == ["file"]


async def test_a_polyglot_becomes_a_plain_picture() -> None:
    data = picture("GIF") + b"<script>alert(1)</script>"
    assert b"script" not in (await thumbnail(data, 100)).data


async def test_an_open_file_is_read_only_when_its_turn_comes() -> None:
    small = await thumbnail(BytesIO(picture(size=(400, 200))), 100)
    assert (small.width, small.height) == (100, 50)
    with pytest.raises(Invalid):
        await thumbnail(BytesIO(b"nothing"), 100)


@pytest.mark.parametrize("size", [(1, 49_999_999), (49_999_999, 1), (8_001, 8_000)])
async def test_a_picture_that_would_take_much_memory_is_refused_by_its_header(
    size: tuple[int, int],
) -> None:
    with pytest.raises(TooCostly):
        await thumbnail(headed(size), 100)


def headed(size: tuple[int, int]) -> bytes:
    """Return a PNG whose header says another size."""
    data = picture("PNG")
    header = b"IHDR" + b"".join(side.to_bytes(4) for side in size) + data[24:29]
    return data[:12] + header + crc32(header).to_bytes(4) + data[33:]


async def test_a_panorama_of_a_phone_is_drawn() -> None:
    small = await thumbnail(picture("JPEG", (16_384, 400)), 720)
    assert (small.width, small.source_width, small.source_height) == (720, 16_384, 400)


@pytest.mark.parametrize(
    ("begin", "error"),
    [
        ("bytes(2 * MEMORY_BYTES)", TooCostly),
        ("[None for _ in iter(int, 1)]", TooCostly),
        ("os.abort()", Invalid),
        ("os.kill(os.getpid(), 9)", TooCostly),
        ("os._exit(0)", Invalid),
    ],
)
async def test_a_decoder_that_goes_astray_takes_its_own_process_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, begin: str, error: type[Invalid]
) -> None:
    program = tmp_path / "drawing.py"
    source = Path(drawing.__file__).read_text()
    source = source.replace("CPU_SECONDS = 10", "CPU_SECONDS = 1")
    line = "        with Image.open"
    program.write_text(source.replace(line, f"        {begin}\n{line}"))
    monkeypatch.setattr(drawing, "__file__", str(program))
    with pytest.raises(Invalid) as refused:
        await thumbnail(picture(), 100)
    assert type(refused.value) is error


async def test_one_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"\x89PNG"
        await asyncio.Event().wait()

    monkeypatch.setattr(thumbnails, "WAIT_SECONDS", 0.2)
    with pytest.raises(TooCostly):
        await Thumbnails().make(endless(), 100, "ada")


async def test_who_sends_many_pictures_delays_nobody_else() -> None:
    made, hold = Thumbnails(), asyncio.Event()

    async def held() -> AsyncIterator[bytes]:
        await hold.wait()
        yield picture()

    many = [asyncio.create_task(made.make(held(), 100, "mallory")) for _ in range(20)]
    await asyncio.sleep(0)
    assert (await made.make(picture(), 100, "ada")).width == 40
    assert not any(one.done() for one in many)
    hold.set()
    many[0].cancel()
    await asyncio.gather(*many[:3], return_exceptions=True)
    for one in many:
        one.cancel()
    await asyncio.gather(*many, return_exceptions=True)
