"""The only way from a value to HTML: page, history, live frame and catch-up use the same partials.

What is rendered here is the same for every viewer. What differs between viewers, their own messages
and local times, is adjusted in the browser from data attributes.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from cachetools import LRUCache, cachedmethod
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from littlechat.core import Cursor, Message, Page, limits
from littlechat.files import types
from littlechat.rendering import template_filters as filters
from littlechat.rendering.frames import Frames
from littlechat.rendering.static_addresses import TEMPLATES, static_url, worker_version
from littlechat.text import markdown, quote_of

MESSAGES_CHARS = 32_000_000
TEXTS_CHARS = 8_000_000
HISTORIES_CHARS = 8_000_000
PAGES_CHARS = 8_000_000
"""How many characters of rendered HTML each cache keeps: a page is then a join of strings."""


@dataclass(frozen=True, slots=True)
class PageTemplate:
    """A rendered page with placeholders for what changes at every view.

    `values` are what it was rendered with. `parts` are the texts between the placeholders and, at
    every second place, the placeholders' names.
    """

    values: Mapping[str, Any]
    parts: Sequence[str]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def fill(self, changing: Mapping[str, str]) -> str:
        """Return the page with its placeholders replaced."""
        parts = list(self.parts)
        parts[1::2] = [changing[name] for name in self.parts[1::2]]
        return "".join(parts)


def _message_key(_: object, message: Message) -> Hashable:
    # The time as well: a room made again under a deleted one's id starts again at seq 1.
    quote = message.quote and (message.quote, message.quote.version)
    return message.room_id, message.seq, message.version, message.at, quote


LONG_CHARS = 1_000
"""From this length on a text is rendered in a thread, where it takes up to 50 ms."""


TURN_SECONDS = 0.005
"""How long messages are rendered before others have a turn."""


def _text_key(_: object, body: str, mentions: tuple[str, ...]) -> Hashable:
    return body, mentions


def _history_key(_: object, room_id: str, page: Page, end: Cursor | None) -> Hashable:
    shown = tuple(_message_key(None, message) for message in page.messages)
    return room_id, page.older, page.newer, end, shown


class Renderer:
    """Jinja with autoescaping, and caches of what it rendered. `frames` renders for sockets."""

    def __init__(self, chars_kept: int = MESSAGES_CHARS) -> None:
        self._env = Environment(
            loader=FileSystemLoader(TEMPLATES),
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
            # What pages are called where nothing else is said.
            installation="littlechat",
        )
        self._env.filters.update(
            initial=filters.initial,
            hue=filters.hue,
            iso=filters.iso,
            utc=filters.utc,
            typing=filters.typing_sentence,
            browser=filters.browser,
            who=filters.who,
            shown_size=filters.shown_size,
            quoted=lambda message: quote_of(message).text,
        )
        self._env.filters.update(
            drawing=types.icon,
            ending=types.extension_label,
            family=types.media_kind,
            unshown=types.why_not_shown,
            size=types.size_in_words,
        )
        self._message = self._env.get_template("messages/_message.html")
        self._messages: LRUCache[Hashable, str] = LRUCache(chars_kept, getsizeof=len)
        self._texts: LRUCache[Hashable, str] = LRUCache(TEXTS_CHARS, getsizeof=len)
        # One long text at a time: many at once would leave the others a small share of the time.
        self._rendering = asyncio.Lock()
        self._histories: LRUCache[Hashable, str] = LRUCache(HISTORIES_CHARS, getsizeof=len)
        self._pages: LRUCache[Hashable, PageTemplate] = LRUCache(PAGES_CHARS, getsizeof=len)
        # Unguessable, so that no text that somebody wrote is taken for a placeholder.
        self._placeholder = f"placeholder-{secrets.token_hex(16)}-"
        self._placeholders = re.compile(f"{self._placeholder}(\\w+);")
        self.frames = Frames(self.page, self.history)

    def page(self, template: str, **values: Any) -> str:
        """Return a whole page or a partial by its template's name."""
        return self._env.get_template(template).render(values)

    def page_cached(
        self, template: str, key: Hashable, changing: Mapping[str, object], **values: Any
    ) -> str:
        """Return a page as `page` would, rendered again only when one of `values` has changed.

        `key` is what the page is cached under. `changing` holds what is different at every view:
        the template may write these values, and do nothing else with them.
        """
        cached = self._pages.get(key)
        if cached is None or cached.values != values:
            cached = self._page_template(template, changing, values)
            if len(cached) <= self._pages.maxsize:
                self._pages[key] = cached
        return cached.fill({name: escape(value) for name, value in changing.items()})

    def _page_template(
        self, template: str, names: Iterable[str], values: Mapping[str, Any]
    ) -> PageTemplate:
        marks = {name: Markup(f"{self._placeholder}{name};") for name in names}  # noqa: S704 - ours
        return PageTemplate(
            values, self._placeholders.split(self.page(template, **values, **marks))
        )

    async def prepare(self, messages: Iterable[Message]) -> None:
        """Render messages ahead of time where that takes long, and let others be served meanwhile.

        What is rendered with them right after this is put together from the caches.
        """
        began = time.monotonic()
        for message in messages:
            if _message_key(self, message) in self._messages:
                continue
            await self.prepare_text(message.body, message.mentions)
            self._message_html(message)
            if time.monotonic() > began + TURN_SECONDS:
                await asyncio.sleep(0)
                began = time.monotonic()

    async def prepare_text(self, body: str, mentions: tuple[str, ...]) -> None:
        """Render the text of a message ahead of time, if it is long."""
        key = _text_key(self, body, mentions)
        if len(body) < LONG_CHARS or key in self._texts:
            return
        async with self._rendering:
            html = await asyncio.to_thread(markdown.to_html, body, mentions)
        if len(html) <= self._texts.maxsize:
            self._texts[key] = html

    def message(self, message: Message) -> Markup:
        """Return one message's element."""
        return Markup(self._message_html(message))  # noqa: S704 - our own template's autoescaped output

    @cachedmethod(attrgetter("_messages"), key=_message_key)
    def _message_html(self, message: Message) -> str:
        return self._message.render(message=message, body=self.text(message))

    def text(self, message: Message) -> Markup:
        """Return the text of a message as HTML, without the element around it."""
        html = self._text_html(message.body, message.mentions) if message.body else ""
        return Markup(html)  # noqa: S704 - text/markdown.py made it safe

    @cachedmethod(attrgetter("_texts"), key=_text_key)
    def _text_html(self, body: str, mentions: tuple[str, ...]) -> str:
        # Kept beside the messages: a reaction or a count makes another message of the same text.
        return markdown.to_html(body, mentions)

    def messages(self, messages: Iterable[Message]) -> Markup:
        """Return the elements of several messages."""
        return Markup("".join(map(self.message, messages)))  # noqa: S704 - joined as they are

    def thread_messages(self, messages: Iterable[Message]) -> Markup:
        """Return the elements of messages as a thread's panel has them, with ids of its own."""
        # The first id in the HTML is ours: it stands before anything that a person wrote.
        elements = (str(self.message(one)).replace('id="', 'id="thread-', 1) for one in messages)
        return Markup("".join(elements))  # noqa: S704 - as above

    def history(self, room_id: str, page: Page, cursor: Cursor | None = None) -> Markup:
        """Return a stretch of messages between the links that load what is around it.

        One that reaches the room's end carries `cursor`, from which a page can join the stream.
        """
        html = self._history_html(room_id, page, None if page.newer else cursor)
        return Markup(html)  # noqa: S704 - our own template's autoescaped output

    @cachedmethod(attrgetter("_histories"), key=_history_key)
    def _history_html(self, room_id: str, page: Page, end: Cursor | None) -> str:
        messages = self.messages(page.messages)
        return self.page(
            "messages/_history.html", room_id=room_id, page=page, messages=messages, cursor=end
        )
