"""Small pictures of what people upload, made by Pillow in a thread; it never stores anything.

What comes out was drawn anew: upright, the first frame only, and nothing of the original's
metadata, which may tell where somebody lives.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from PIL import Image, ImageOps

from littlechat.core import Invalid

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
"""The decoders that a stranger's bytes may reach; Pillow has some forty."""

PIXELS_MAX = 50_000_000
"""A phone's sharpest picture; decoded it takes 200 MB, however few bytes it came in."""

QUALITY = 82

# Our own check below comes first; this one stands behind whatever a decoder finds inside.
Image.MAX_IMAGE_PIXELS = PIXELS_MAX


class TooManyPixels(Invalid):
    """A picture that would fill the memory when decoded."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture; the source's sizes are those of the upright picture."""

    data: bytes
    type: str
    width: int
    height: int
    source_width: int
    source_height: int
    moves: bool = False
    """Whether the source has several frames, of which this is the first."""


# One at a time: each may take a core and 200 MB, and a chat is about other things.
_easel = ThreadPoolExecutor(1, "images")


async def thumbnail(data: bytes | IO[bytes], box: int, *, square: bool = False) -> Thumbnail:
    """Return a picture of at most `box` by `box` pixels, cropped to a square one if asked.

    Raises `Invalid` (`file`) for what is no whole picture of `FORMATS`, as its subclass
    `TooManyPixels` for one that is too large. Never larger than the source. An open file is read
    when it is its turn, so that those who wait hold no memory.
    """
    return await asyncio.get_running_loop().run_in_executor(_easel, _draw, data, box, square)


def _draw(data: bytes | IO[bytes], box: int, square: bool) -> Thumbnail:
    try:
        source = BytesIO(data) if isinstance(data, bytes) else data
        with Image.open(source, formats=FORMATS) as image:
            _require_bearable(image)
            return _drawn(image, box, square)
    except Invalid:
        raise
    except Image.DecompressionBombError:
        raise _too_many() from None
    except Exception:  # noqa: BLE001 - decoders fail on hostile bytes in every way there is
        raise Invalid(
            file="This picture is damaged, or of a kind that is not known here."
        ) from None


def _require_bearable(image: Image.Image) -> None:
    # The size stands in the header: nothing has been decoded yet.
    if image.width * image.height > PIXELS_MAX:
        raise _too_many()


def _too_many() -> TooManyPixels:
    return TooManyPixels(
        file=f"A picture has at most {PIXELS_MAX // 1_000_000} million pixels; make it smaller."
    )


def _drawn(image: Image.Image, box: int, square: bool) -> Thumbnail:
    width, height = image.size
    moves = getattr(image, "is_animated", False)
    # A JPEG can be decoded at a half, a quarter, an eighth: less work and less memory.
    image.draft("RGB", (2 * box, 2 * box))
    upright = ImageOps.exif_transpose(image)
    turned = (upright.width > upright.height) != (image.width > image.height)
    source = (height, width) if turned else (width, height)
    plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    if square:
        side = min(box, *plain.size)
        small = ImageOps.fit(plain, (side, side), Image.Resampling.LANCZOS)
    else:
        small = plain
        small.thumbnail((box, box), Image.Resampling.LANCZOS)
    return _encoded(small, source, moves)


def _encoded(small: Image.Image, source: tuple[int, int], moves: bool) -> Thumbnail:
    # A fresh image: whatever travelled along in the old one's `info` stays behind.
    clean = Image.new(small.mode, small.size)
    clean.paste(small)
    out = BytesIO()
    clean.save(out, "WEBP", quality=QUALITY, method=4)
    return Thumbnail(out.getvalue(), "image/webp", *small.size, *source, moves)
