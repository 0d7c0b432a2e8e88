"""rendering."""

from littlechat.rendering.avatar_styles import FACES, Faces
from littlechat.rendering.renderer import STATIC, Renderer, iso, static_url

__all__ = [
    "FACES",
    "Faces",
    "Renderer",
    "STATIC",
    "iso",
    "static_url",
]
