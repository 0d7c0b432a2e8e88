"""Thumbnails of uploaded pictures, made by Pillow in a thread. It stores nothing.

A thumbnail is upright, shows the first frame only, and has none of the original's metadata, which
may include where somebody lives.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from PIL import Image, ImageOps

from littlechat.core import Invalid

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
"""The only decoders, of Pillow's forty or so, that uploaded bytes may reach."""

PIXELS_MAX = 50_000_000
"""As many as a good phone's pictures have. Decoded they take 200 MB, however small the file is."""

WEBP_QUALITY = 82

# Our own check of the header comes first; this one applies to whatever a decoder finds later.
Image.MAX_IMAGE_PIXELS = PIXELS_MAX


class TooManyPixels(Invalid):
    """A picture that would take too much memory when decoded."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A thumbnail. All sizes are in pixels; the source's are those of the upright picture."""

    data: bytes
    type: str
    width: int
    height: int
    source_width: int
    source_height: int
    moves: bool = False
    """Whether the source has several frames, of which this is the first."""


# One at a time: each may take a core and 200 MB.
_executor = ThreadPoolExecutor(1, "images")


async def thumbnail(data: bytes | IO[bytes], box: int, *, square: bool = False) -> Thumbnail:
    """Return a thumbnail of at most `box` by `box` pixels and never larger than the source.

    With `square`, it is cropped to a square. Raises `Invalid` (`file`) unless `data` is a complete
    picture of `FORMATS`, and its subclass `TooManyPixels` for one that is too large. An open file
    is read in the thread, so that those in the queue hold no memory.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_executor, _make_thumbnail, data, box, square)


def _make_thumbnail(data: bytes | IO[bytes], box: int, square: bool) -> Thumbnail:
    try:
        source = BytesIO(data) if isinstance(data, bytes) else data
        with Image.open(source, formats=FORMATS) as image:
            _require_few_pixels(image)
            return _downscaled(image, box, square)
    except Invalid:
        raise
    except Image.DecompressionBombError:
        raise _too_many() from None
    except Exception:  # noqa: BLE001 - on hostile bytes decoders raise all kinds of errors
        raise Invalid(
            file="This picture is damaged, or of a kind that is not known here."
        ) from None


def _require_few_pixels(image: Image.Image) -> None:
    # The size is in the header; nothing has been decoded yet.
    if image.width * image.height > PIXELS_MAX:
        raise _too_many()


def _too_many() -> TooManyPixels:
    return TooManyPixels(
        file=f"A picture has at most {PIXELS_MAX // 1_000_000} million pixels; make it smaller."
    )


def _downscaled(image: Image.Image, box: int, square: bool) -> Thumbnail:
    width, height = image.size
    moves = getattr(image, "is_animated", False)
    # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size, which takes less time and memory.
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
    # A new image, so that nothing from the `info` of the old one is saved.
    bare = Image.new(small.mode, small.size)
    bare.paste(small)
    out = BytesIO()
    bare.save(out, "WEBP", quality=WEBP_QUALITY, method=4)
    return Thumbnail(out.getvalue(), "image/webp", *small.size, *source, moves)
