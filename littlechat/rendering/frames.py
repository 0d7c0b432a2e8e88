"""The HTML that goes down sockets, each frame with the places it is swapped into."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from markupsafe import escape

from littlechat.core import Cursor, Page

TYPING_VARIANTS = 4
"""How many of those who type get a frame of their own: beyond, the sentence names nobody."""


class Frames:
    """Renders frames. Each is one string, the same for every viewer but where it says otherwise.

    `page` renders a template by name, `history` a room's stretch of messages.
    """

    def __init__(self, page: Callable[..., str], history: Callable[[str, Page], str]) -> None:
        self._page, self._history = page, history

    def messages(self, rendered: Iterable[str], cursor: Cursor) -> str:
        """Return the frame that puts rendered messages in their places and moves the cursor."""
        return (
            f'<ol hx-swap-oob="place:#messages" data-cursor="{cursor}">'
            f'<li class="cursor" data-cursor="{cursor}" hidden></li>{"".join(rendered)}</ol>'
        )

    def reload(self, room_id: str, page: Page, cursor: Cursor) -> str:
        """Return the frame that replaces the whole list, for a page too far behind."""
        return (
            f'<ol hx-swap-oob="reload:#messages" data-cursor="{cursor}">'
            f'<li class="cursor" data-cursor="{cursor}" hidden></li>'
            f"{self._history(room_id, page)}</ol>"
        )

    def beat(self, cursor: Cursor) -> str:
        """Return the heartbeat: the server is alive, and the room's last change is at `cursor`."""
        return f'<i id="beat" hx-swap-oob="true" data-at="{cursor}" hidden></i>'

    def room_list(self, number: int, spread: float = 1.5) -> str:
        """Return the frame that makes pages fetch their list of rooms again.

        Each does so after a delay of its own of at most `spread` seconds.
        """
        return (
            f'<i id="rooms-news" hx-swap-oob="true" data-number="{number}"'
            f' data-spread="{spread:g}" hidden></i>'
        )

    def unread_signal(self, **values: object) -> str:
        """Return the frame whose data attributes change a room's entry in the list of rooms.

        It goes into an element that scripts watch; a page without one ignores it.
        """
        data = "".join(f' data-{name}="{escape(str(value))}"' for name, value in values.items())
        return f'<div hx-swap-oob="beforeend:#heard"><i{data}></i></div>'

    def direct_message(self, room_id: str) -> str:
        """Return the frame that says in which direct conversation there is a new message."""
        return f'<p hx-swap-oob="beforeend:#direct-news"><i data-room="{escape(room_id)}"></i></p>'

    def presence(self, names: Sequence[str]) -> str:
        """Return the frame with the names of all who are online; a name has no space in it."""
        shown = escape(" ".join(names))
        return f'<i id="everybody" hx-swap-oob="true" data-names="{shown}" hidden></i>'

    def avatar_styles(self, version: str) -> str:
        """Return the frame that makes pages fetch the avatar style sheet again."""
        return self._page("accounts/_avatar_style_sheet.html", avatar_styles=version, oob=True)

    def room_presence(self, names: Sequence[str], away: Collection[str] = ()) -> str:
        """Return the frame with the people who are in the room, and which of them are away."""
        return self._page("rooms/_online.html", names=names, away=away, oob=True)

    def typing(self, names: Sequence[str]) -> tuple[str, Mapping[str, str]]:
        """Return the frame with who is typing, and by name the ones without that person."""
        variants = {
            name: self._typing([other for other in names if other != name])
            for name in names[:TYPING_VARIANTS]
        }
        return self._typing(names), variants

    def _typing(self, names: Sequence[str]) -> str:
        return self._page("rooms/_typing.html", names=names, oob=True)
