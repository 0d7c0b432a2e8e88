"""The one door from a value to HTML, and what is kept of it.

One rendering serves page, history, live frame and catch-up, and is the same for all viewers. It
reads nothing from storage, and only text that `text` made safe goes out unescaped.
"""

from littlechat.rendering.avatar_styles import AVATAR_STYLES, AvatarStyles
from littlechat.rendering.renderer import STATIC, Renderer, iso, static_url

__all__ = [
    "AVATAR_STYLES",
    "STATIC",
    "AvatarStyles",
    "Renderer",
    "iso",
    "static_url",
]
