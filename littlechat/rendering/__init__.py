"""The only way from a value to HTML, and the caches of what was rendered.

One rendering serves page, history, live frame and catch-up, and is the same for all viewers. It
reads nothing from storage, and only text that `text` made safe goes out unescaped.
"""

from littlechat.rendering.avatar_styles import AVATAR_STYLES, AvatarStyles
from littlechat.rendering.renderer import Renderer
from littlechat.rendering.static_addresses import STATIC, static_url
from littlechat.rendering.template_filters import iso

__all__ = [
    "AVATAR_STYLES",
    "STATIC",
    "AvatarStyles",
    "Renderer",
    "iso",
    "static_url",
]
