"""Pictures made for tests, valid and hostile ones."""

from io import BytesIO

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

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


def animation(kind: str = "GIF") -> bytes:
    """Return a picture of two frames, green and then black."""
    out = BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("green", "black")]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=200, loop=0)
    return out.getvalue()


GPS = 0x8825
GPS_TAGS = {1: "N", 2: (52.0, 31.0, 12.25), 3: "E", 4: (13.0, 24.0, 36.5), 29: "2026:11:27"}
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    b'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
    b'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    b'exif:GPSLatitude="52,31.2N" xmp:Rating="5" photoshop:City="Hidden">'
    b"<exif:GPSLongitude>13,24.6E</exif:GPSLongitude><xmp:Label>Kept</xmp:Label>"
    b"<Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li>Hidden</rdf:li></rdf:Bag>"
    b"</Iptc4xmpExt:LocationCreated></rdf:Description></rdf:RDF></x:xmpmeta>"
    b'<?xpacket end="w"?>'
)


def located(kind: str, size: tuple[int, int] = (40, 20)) -> bytes:
    """Return a picture that tells where it was taken, in Exif and in XMP, and more besides."""
    image = Image.new("RGB", size, "blue")
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = ROTATED, "Camera"
    exif[GPS] = GPS_TAGS
    out = BytesIO()
    values: dict[str, object] = {"exif": exif}
    if kind == "PNG":
        values["pnginfo"] = info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    elif kind == "TIFF":
        tags = ImageFileDirectory_v2()
        tags[ORIENTATION], tags[MAKER], tags[GPS] = ROTATED, "Camera", GPS_TAGS
        values = {"tiffinfo": tags}
    else:
        values["xmp"] = XMP
    image.save(out, kind, **values)
    return out.getvalue()


def gps(data: bytes) -> dict[int, object]:
    """Return what a picture's Exif data says of where it was taken."""
    exif = opened(data).getexif()
    if opened(data).format == "TIFF":
        # Pillow reads a further directory of these from the picture's own file alone.
        return {0: "named"} if GPS in exif else {}
    return dict(exif.get_ifd(GPS)) | ({0: "named"} if GPS in exif else {})
