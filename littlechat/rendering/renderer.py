"""The one door from a value to HTML: page, history, live frame and catch-up use the same partials.

What is rendered here is neutral to the viewer: one string serves everybody. What differs between
viewers, their own messages and local times, is touched up in the browser from data attributes.
"""

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from littlechat.core import (
    Cursor,
    File,
    Message,
    Page,
    fold,
    limits,
)
from littlechat.files import types
from littlechat.text import markdown

HERE = Path(__file__).parents[1]
STATIC = HERE / "static"
HUES = 12
"""How many colours the initials of people and rooms have; `layout/style.css` names them."""

MESSAGES_CHARS = 32_000_000
HISTORIES_CHARS = 8_000_000
MOULDS_CHARS = 8_000_000
"""How much rendered HTML is kept: a page is then a join of strings."""


NAMES_KEPT = 10_000
"""Names whose letter and colour are kept: pages show many, again and again."""


Rendered = TypeVar("Rendered", bound=Sized)


class Shelf(Generic[Rendered]):
    """Rendered HTML by key, up to so many characters; what was not used for longest goes first."""

    def __init__(self, chars_max: int) -> None:
        self._room = chars_max
        self._kept: OrderedDict[Hashable, Rendered] = OrderedDict()

    def find(self, key: Hashable) -> Rendered | None:
        """Return what is kept under `key`, or None."""
        html = self._kept.get(key)
        if html is not None:
            self._kept.move_to_end(key)
        return html

    def keep(self, key: Hashable, html: Rendered) -> Rendered:
        """Keep `html` instead of what was under its key, and return it."""
        if key in self._kept:
            self._room += len(self._kept.pop(key))
        self._kept[key] = html
        self._room -= len(html)
        while self._room < 0:
            self._room += len(self._kept.popitem(last=False)[1])
        return html

    def __len__(self) -> int:
        return len(self._kept)


@dataclass(frozen=True, slots=True)
class Mould:
    """A rendered page with slots for what changes with every view, and what it was rendered of.

    `parts` are the texts between the slots and, at every second place, the slots' names.
    """

    steady: Mapping[str, Any]
    parts: Sequence[str]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def fill(self, moving: Mapping[str, str]) -> str:
        """Return the page with its slots filled."""
        parts = list(self.parts)
        parts[1::2] = [moving[name] for name in self.parts[1::2]]
        return "".join(parts)


class Renderer:
    """Jinja with autoescaping, and what was rendered of messages, by room, seq and version."""

    def __init__(self, chars_kept: int = MESSAGES_CHARS) -> None:
        self._env = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._env.globals.update(
            static=static_url,
            limits=limits,
            thread_messages=self.thread_messages,
            worker=worker_version(),
        )
        self._env.filters.update(
            initial=initial,
            hue=hue,
            iso=iso,
            utc=utc,
            typing=typing_sentence,
            browser=browser,
            who=who,
        )
        self._env.filters.update(
            drawing=types.drawing,
            ending=types.ending,
            family=types.family,
            size=types.size_in_words,
            shown_size=shown_size,
        )
        self._message = self._env.get_template("messages/_message.html")
        self._messages: Shelf[str] = Shelf(chars_kept)
        self._histories: Shelf[str] = Shelf(HISTORIES_CHARS)
        self._moulds: Shelf[Mould] = Shelf(MOULDS_CHARS)
        # Nobody can guess it, so no text of anybody's is taken for a slot.
        self._slot = f"slot-{secrets.token_hex(16)}-"
        self._slots = re.compile(f"{self._slot}(\\w+);")

    def page(self, template: str, **values: Any) -> str:
        """Return a whole page or a partial by its template's name."""
        return self._env.get_template(template).render(values)

    def moulded(
        self, template: str, key: Hashable, moving: Mapping[str, object], **steady: Any
    ) -> str:
        """Return a page as `page` would, rendered again only once one of `steady` has changed.

        `moving` holds what changes with every view: the template may write it, and nothing else.
        """
        mould = self._moulds.find(key)
        if mould is None or mould.steady != steady:
            slots = {name: Markup(f"{self._slot}{name};") for name in moving}  # noqa: S704 - ours
            parts = self._slots.split(self.page(template, **steady, **slots))
            mould = self._moulds.keep(key, Mould(steady, parts))
        return mould.fill({name: escape(value) for name, value in moving.items()})

    def message(self, message: Message) -> Markup:
        """Return one message's element."""
        # The time as well: a room made anew under a deleted one's id starts again at seq 1.
        key = (message.room_id, message.seq, message.version, message.at)
        html = self._messages.find(key)
        if html is None:
            body = self.text(message)
            html = self._messages.keep(key, self._message.render(message=message, body=body))
        return Markup(html)  # noqa: S704 - our own template's autoescaped output

    def text(self, message: Message) -> Markup:
        """Return what a message says, without its frame."""
        html = markdown.to_html(message.body, message.mentions) if message.body else ""
        return Markup(html)  # noqa: S704 - markup.py made it safe

    def messages(self, messages: Iterable[Message]) -> Markup:
        """Return the elements of several messages."""
        return Markup("".join(map(self.message, messages)))  # noqa: S704 - joined as they are

    def thread_messages(self, messages: Iterable[Message]) -> Markup:
        """Return the elements of messages as a thread's panel has them, with ids of its own."""
        # The id stands before anything that a person wrote.
        elements = (str(self.message(one)).replace('id="', 'id="thread-', 1) for one in messages)
        return Markup("".join(elements))  # noqa: S704 - as above

    def history(self, room_id: str, page: Page, cursor: Cursor | None = None) -> Markup:
        """Return a stretch of messages between the links that load what is around it.

        One that reaches the room's end carries `cursor`, from which a page can join the stream.
        """
        end = None if page.newer else cursor
        shown = tuple((message.seq, message.version, message.at) for message in page.messages)
        key = (room_id, page.older, page.newer, end, shown)
        html = self._histories.find(key) or self._histories.keep(
            key,
            self.page(
                "messages/_history.html",
                room_id=room_id,
                page=page,
                messages=self.messages(page.messages),
                cursor=end,
            ),
        )
        return Markup(html)  # noqa: S704 - our own template's autoescaped output

    def posted_frame(self, messages: Iterable[str], cursor: Cursor) -> str:
        """Return the frame that puts rendered messages in their places and moves the cursor."""
        return (
            f'<ol hx-swap-oob="place:#messages" data-cursor="{cursor}">'
            f'<li class="cursor" data-cursor="{cursor}" hidden></li>{"".join(messages)}</ol>'
        )

    def reload_frame(self, room_id: str, page: Page, cursor: Cursor) -> str:
        """Return the frame that replaces the whole list, for a page too far behind."""
        return (
            f'<ol hx-swap-oob="reload:#messages" data-cursor="{cursor}">'
            f'<li class="cursor" data-cursor="{cursor}" hidden></li>'
            f"{self.history(room_id, page)}</ol>"
        )

    def beat_frame(self, cursor: Cursor) -> str:
        """Return the frame that says: alive, and this is how far the room is."""
        return f'<i id="beat" hx-swap-oob="true" data-at="{cursor}" hidden></i>'

    def rooms_frame(self, number: int) -> str:
        """Return the frame that makes pages fetch their list of rooms again."""
        return f'<i id="rooms-news" hx-swap-oob="true" data-number="{number}" hidden></i>'

    def heard_frame(self, **heard: object) -> str:
        """Return the frame that tells pages, in data attributes, something of the lists of rooms.

        It goes into an element in which scripts look; a page without one ignores it.
        """
        data = "".join(f' data-{name}="{escape(str(value))}"' for name, value in heard.items())
        return f'<div hx-swap-oob="beforeend:#heard"><i{data}></i></div>'

    def spoken_frame(self, room_id: str) -> str:
        """Return the frame that tells in which direct conversation somebody spoke."""
        return f'<p hx-swap-oob="beforeend:#direct-news"><i data-room="{escape(room_id)}"></i></p>'

    def everybody_frame(self, names: Sequence[str]) -> str:
        """Return the frame with the names of all who are online; a name has no space in it."""
        shown = escape(" ".join(names))
        return f'<i id="everybody" hx-swap-oob="true" data-names="{shown}" hidden></i>'

    def avatar_styles_frame(self, version: str) -> str:
        """Return the frame that makes pages fetch what people look like again."""
        return self.page("accounts/_avatar_style_sheet.html", faces=version, oob=True)

    def online_frame(self, names: Sequence[str], away: Collection[str] = ()) -> str:
        """Return the frame with the people who are here, and which of them are away."""
        return self.page("rooms/_online.html", names=names, away=away, oob=True)

    def typing_frames(self, names: Sequence[str]) -> tuple[str, Mapping[str, str]]:
        """Return the frame with who is typing, and for those who type the one without them."""
        variants = {
            name: self._typing_frame([other for other in names if other != name])
            for name in names[:4]
        }
        return self._typing_frame(names), variants

    def _typing_frame(self, names: Sequence[str]) -> str:
        return self.page("rooms/_typing.html", names=names, oob=True)


def typing_sentence(names: Sequence[str]) -> str:
    """Return who is typing, in words."""
    match names:
        case []:
            return ""
        case [one]:
            return f"{one} is typing…"
        case [one, other]:
            return f"{one} and {other} are typing…"
        case _:
            return "Several people are typing…"


NAMED_MAX = 20


def who(names: Sequence[str]) -> str:
    """Return people in words, the last of very many only counted."""
    named, more = list(names[:NAMED_MAX]), len(names) - NAMED_MAX
    if more > 0:
        named.append(f"{more} {'other' if more == 1 else 'others'}")
    return " and ".join(filter(None, (", ".join(named[:-1]), *named[-1:])))


@lru_cache(NAMES_KEPT)
def initial(name: str) -> str:
    """Return the letter that stands for a name in its avatar."""
    return next((char for char in name if char.isalnum()), "#").upper()[:1]


@lru_cache(NAMES_KEPT)
def hue(name: str) -> int:
    """Return the number of a name's colour, the same for ever and everywhere."""
    return hashlib.sha256(fold(name).encode()).digest()[0] % HUES


def iso(moment: datetime) -> str:
    """Return a moment for a `datetime` attribute, to the millisecond, in UTC."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc(moment: datetime) -> str:
    """Return a moment in words that are right for everybody; the browser makes them local."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


PICTURE_BOX = 360


def shown_size(file: File) -> tuple[int, int]:
    """Return how many CSS pixels a picture takes, so that nothing moves when it arrives."""
    width, height = file.width or 1, file.height or 1
    scale = min(1.0, PICTURE_BOX / width, PICTURE_BOX / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


BROWSERS = ("Edg", "OPR", "FxiOS", "Firefox", "CriOS", "Chrome", "Safari", "curl")
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
SPOKEN = {"Edg": "Edge", "OPR": "Opera", "FxiOS": "Firefox", "CriOS": "Chrome", "Mac OS": "macOS"}


def browser(agent: str) -> str:
    """Return a browser and system in words a person knows them by, from a User-Agent."""
    named = next((one for one in BROWSERS if one in agent), "")
    system = next((one for one in SYSTEMS if one in agent), "")
    words = [SPOKEN.get(word, word) for word in (named, system) if word]
    return " on ".join(words) or "Unknown browser"


KEPT = ("layout/style.css", "layout/pages.css", "installed/offline.js", "installed/icon.svg")
"""What the page without a line is made of."""


def worker_version() -> str:
    """Return what changes with anything that a browser's worker keeps: it is then put up anew."""
    template = (HERE / "templates" / "installed/offline.html").read_bytes()
    return hashlib.sha256(template + "".join(map(static_url, KEPT)).encode()).hexdigest()[:12]


def static_url(path: str) -> str:
    """Return a static file's address, which changes with its content so that it caches for ever.

    Our scripts have one version: they import each other by relative addresses, which inherit it.
    """
    if path.endswith(".js") and not path.startswith("vendor/"):
        return f"/static/{scripts_version()}/{path}"
    return f"/static/{path}?v={_version(path)}"


@cache
def scripts_version() -> str:
    """Return what changes with any of our scripts."""
    paths = (file.relative_to(STATIC).as_posix() for file in STATIC.rglob("*.js"))
    return _version(*sorted(path for path in paths if not path.startswith("vendor/")))


@cache
def _version(*paths: str) -> str:
    content = b"".join((STATIC / path).read_bytes() for path in paths)
    return hashlib.sha256(content).hexdigest()[:12]
