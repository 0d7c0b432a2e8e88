"""Pictures made on the spot, good and bad ones."""

from io import BytesIO

from PIL import Image

ORIENTATION = 0x0112
MAKER = 0x010F
ROTATED = 6
"""Exif's word for a picture that must be turned by a quarter to the right."""


def picture(
    kind: str = "PNG", size: tuple[int, int] = (40, 20), *, rotated: bool = False, maker: str = ""
) -> bytes:
    """Return a picture: red on its left half, blue on its right."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    if rotated:
        exif[ORIENTATION] = ROTATED
    if maker:
        exif[MAKER] = maker
    out = BytesIO()
    image.save(out, kind, **({"exif": exif} if len(exif) else {}))
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    """Return a picture to look at."""
    return Image.open(BytesIO(data))


def bomb() -> bytes:
    """Return a few bytes that become 900 million pixels: a GIF's header says so."""
    side = (30_000).to_bytes(2, "little")
    return b"GIF89a" + side + side + picture("GIF")[10:]


def animation() -> bytes:
    """Return a GIF of two frames, green and then black."""
    out = BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("green", "black")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()
