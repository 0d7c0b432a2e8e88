"""rendering."""

from littlechat.rendering.avatar_styles import AVATAR_STYLES, AvatarStyles
from littlechat.rendering.renderer import STATIC, Renderer, iso, static_url

__all__ = [
    "AVATAR_STYLES",
    "AvatarStyles",
    "Renderer",
    "STATIC",
    "iso",
    "static_url",
]
