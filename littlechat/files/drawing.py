"""Draws a picture small: the program of a child process, which `thumbnails` starts for each.

It is run by its path and imports nothing of ours, so that it starts quickly. It reads the picture
from its input and writes a line of JSON and the small picture to its output. What it may take of
memory and processor time is limited before it reads anything, and given back when it ends.
"""

import json
import os
import resource
import sys
from io import BytesIO
from typing import Any

# WebP by name: else saving one loads all of Pillow's decoders, which takes longer than the rest.
from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
"""The only decoders, of Pillow's forty or so, that uploaded bytes may reach."""

SIDE_MAX = 20_000
"""More than the longest panorama of a phone, about 16,400. Drawing a very long picture small takes
memory by its longer side, however few pixels it has."""

PIXELS_MAX = 64_000_000
"""As many as such a panorama has, of four bytes each. A JPEG counts as it is decoded: at up to an
eighth of its width and height."""

MEMORY_BYTES = 768 * 1024 * 1024
"""The largest picture in colours from a palette takes 600 MB."""

CPU_SECONDS = 10

WEBP_QUALITY = 82

TOO_COSTLY, DAMAGED = "too costly", "damaged"


def draw(data: bytes, box: int, *, square: bool = False) -> tuple[dict[str, Any], bytes]:
    """Return what is known of a picture and its thumbnail; `refused` says why there is none."""
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            return _downscaled(image, box, square)
    except (MemoryError, Image.DecompressionBombError):
        return {"refused": TOO_COSTLY}, b""
    except Exception:  # noqa: BLE001 - on hostile bytes decoders raise all kinds of errors
        return {"refused": DAMAGED}, b""


def _downscaled(image: Image.Image, box: int, square: bool) -> tuple[dict[str, Any], bytes]:
    width, height = image.size
    # The size is in the header; nothing has been decoded yet.
    if max(width, height) > SIDE_MAX:
        raise MemoryError
    # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size, which takes less time and memory.
    image.draft("RGB", (2 * box, 2 * box))
    if image.width * image.height > PIXELS_MAX:
        raise MemoryError
    moves = getattr(image, "is_animated", False)
    image.load()
    turn = image.getexif().get(0x0112, 1)
    source = (height, width) if turn in (5, 6, 7, 8) else (width, height)
    mode = "RGBA" if image.has_transparency_data else "RGB"
    plain = image if image.mode == mode else image.convert(mode)
    small = _resized(plain, box, square)
    ImageOps.exif_transpose(small, in_place=True)
    return _encoded(small, source, moves)


def _resized(plain: Image.Image, box: int, square: bool) -> Image.Image:
    if square:
        side = min(box, *plain.size)
        small = ImageOps.fit(plain, (side, side), Image.Resampling.LANCZOS)
        small.info = plain.info  # Which way is up.
        return small
    plain.thumbnail((box, box), Image.Resampling.LANCZOS)
    return plain


def _encoded(
    small: Image.Image, source: tuple[int, int], moves: bool
) -> tuple[dict[str, Any], bytes]:
    # A new image, so that nothing from the `info` of the old one is saved.
    bare = Image.new(small.mode, small.size)
    bare.paste(small)
    out = BytesIO()
    bare.save(out, "WEBP", quality=WEBP_QUALITY, method=4)
    known = {
        "width": small.width,
        "height": small.height,
        "source_width": source[0],
        "source_height": source[1],
        "moves": moves,
    }
    return known, out.getvalue()


def _limit() -> None:
    """Give up what no picture needs: Linux holds to all of it, other systems to a part."""
    limits = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
    }
    for kind, most in limits.items():
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):
            continue
    os.nice(5)  # Whoever reads a page comes first.


def main() -> None:
    """Draw what comes in."""
    _limit()
    Image.MAX_IMAGE_PIXELS = SIDE_MAX * SIDE_MAX
    try:
        data = sys.stdin.buffer.read()
        known, small = draw(data, int(sys.argv[1]), square=sys.argv[2] == "square")
    except MemoryError:
        known, small = {"refused": TOO_COSTLY}, b""
    sys.stdout.buffer.write(json.dumps(known).encode() + b"\n" + small)


if __name__ == "__main__":
    main()
