"""Values for every template, hostile text to put into them, and the shape of what is rendered."""

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from markupsafe import Markup

from littlechat.accounts.audit import AuditEntry
from littlechat.accounts.profile_values import STATUS_HOURS, Profile, Status
from littlechat.accounts.registration import OneTimeLink
from littlechat.actions.threads import Thread
from littlechat.bots.values import Bot, Webhook
from littlechat.core.messages import (
    Cursor,
    Draft,
    File,
    Message,
    Page,
    Position,
    Quote,
    Reaction,
)
from littlechat.core.people import Session, User
from littlechat.core.rooms import Invitation, Membership, Room
from littlechat.notifications.rules import Subscription
from littlechat.rendering.renderer import Renderer
from littlechat.rooms.bans import Ban
from littlechat.rooms.room_list import RoomListEntry
from littlechat.rooms.switcher import Place
from littlechat.text.emoji import Emoji
from littlechat.web.bots import Form
from littlechat.web.confirmations import Question
from littlechat.web.proxies import Trouble
from littlechat.web.setup import Form as Setup
from littlechat.web.typed import Typed, TypedField

AT = datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=UTC)
VOID = set("area base br col embed hr img input link meta source track wbr".split())

HOSTILE = [
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)' x='",
    "</title></textarea></template></script><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}<b>",
    "&quot;&gt;&lt;b&gt;",
    'javascript:alert(1)//" autofocus onfocus=alert(1)',
    "<!--",
    "]]>\x00<svg/onload=alert(1)>",
]


class Tree(HTMLParser):
    """The shape of a piece of HTML: its tags, each with its attributes' names and its depth."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shape: list[tuple[int, str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, dict[str, str]]] = []
        self.top: list[dict[str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(str(html))
        self.close()
        assert self._open == [], f"left open: {self._open}"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attributes]
        assert len(set(names)) == len(names), f"attribute twice on {tag}: {names}"
        own = {name: value or "" for name, value in attributes}
        self.shape.append((len(self._open), tag, tuple(names)))
        self.attributes.append((tag, own))
        if not self._open:
            self.top.append(own)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open:
            assert not data.strip(), f"text outside of every element: {data!r}"
        self.text += data


def message(seq: int = 1, body: str = "hello", **values: Any) -> Message:
    return replace(Message("garden", seq, "u-ada", "Ada", body, AT), **values)


def people_values(text: str, user: User) -> dict[str, Any]:
    """Return what the pages about people and their administration ask for."""
    profile = Profile(
        *("u-2", text, AT, text, text, "Asia/Tokyo", Status(text), "0a1b"), seen=AT, is_admin=True
    )
    return {
        "avatar_styles": "0",
        "away": frozenset({text}),
        "profile": profile,
        "person": profile,
        "people": [profile],
        "given": dict.fromkeys("display bio zone status level quiet_from quiet_to".split(), text),
        "zones": ["UTC"],
        "hours": STATUS_HOURS,
        "number": 2,
        "more": True,
        "local": AT,
        "common": [Room("garden", text, text, "public", "u-1", AT)],
        "mine": False,
        "card": False,
        "user": user,
        "users": [user, replace(user, standing="admin"), replace(user, disabled=True)],
        "whose": user,
        "link": text,
        "mode": "open",
        "address": text,
        "address_is_fixed": False,
        "one_time_links": [OneTimeLink("0a1b", text, AT, AT, 2)],
        "uses": text,
        "days": text,
        "lines": [AuditEntry(1, AT, text, text, text + "x", text)],
        "older": 1,
        "newest": False,
        "bans": [Ban("garden", "u-2", text, text, AT)],
        "banned": True,
        "manages": True,
        "token": text,
        "ticket": text,
        "registers": True,
    }


def notification_values(text: str) -> dict[str, Any]:
    """Return what the pages about notifications ask for."""
    keys = ("https://push.example.com/x", "p", "a", "https://chat.example")
    return {
        "browsers": [Subscription("0a1b", "u-1", "s-1", *keys, text, AT)],
        "key": "0a1b",
        "level": "mentions",
        "back": text,
    }


def values(text: str) -> dict[str, Any]:
    """Return what any template may ask for, with `text` wherever a person's words may stand."""
    user = User("u-1", text, AT)
    session = Session("s-1", user, AT, AT, text, text)
    room = Room("garden", text, text, "private", "u-1", AT, 2, 5, AT)
    listed = RoomListEntry(
        "garden", text, text, "private", "u-1", AT, 2, 5, AT, joined=AT, read_seq=2
    )
    direct = replace(room, visibility="direct", people=(text, "Ben"))
    stretch = Page([message(author_name=text)], older=True, newer=True)
    member = Membership("garden", "u-2", text, "member", AT)
    hook = Webhook(text, "message", text, text, 2, text, off=True, skipped=1)
    robot = Bot("b-1", text, "garden", text, AT, True, hook)
    return {
        "session": session,
        "sessions": [session, replace(session, id="s-2")],
        "room": room,
        "room_id": "garden",
        "joined": [
            listed,
            replace(listed, visibility="direct", people=(text, "Ben")),
            replace(listed, visibility="direct", people=(text, "Ben", "Cleo")),
        ],
        "present": frozenset([text, "Ben"]),
        "places": [Place("mine", text, direct), Place("person", text), Place("other", text, room)],
        "q": text,
        "chosen": [user],
        "candidates": [replace(user, id="u-4")],
        "more": True,
        "others": [replace(room, id="other", visibility="public", last_at=None)],
        "here": text,
        "search": text,
        "membership": Membership("garden", "u-1", text, "creator", AT),
        "members": [member, replace(member, user_id="u-3", bot=True)],
        "online": [text, "Ben"],
        "names": [text],
        "oob": True,
        "stretch": stretch,
        "page": stretch,
        "history": Renderer().history("garden", stretch),
        "messages": Renderer().messages(stretch.messages),
        "cursor": Cursor(5, 2),
        "client_id": text,
        "body": text,
        "threaded": True,
        "panel": text,
        "thread": Thread(message(author_name=text), [message(2, author_name=text)], older=True),
        "draft": Draft(text, text, thread=1),
        "groups": [(text, [Emoji("👍", text, text)])],
        "attached": [
            File("f3", text, "image/png", 10, 20, 30),
            File("f4", text, "text/plain", 5),
        ],
        "file_max": 5,
        "message": message(
            author_name=text,
            bot=True,
            edited=True,
            thread=1,
            quote=Quote(text, text),
            replies=2,
            reactions=(Reaction("👍", ("Ada", "Ben")),),
            files=(
                File("f1", text, "image/png", 10, 20, 30),
                File("f2", text, "text/plain", 5),
                File("f3", text, "audio/mpeg", 5),
                File("f4", text, "video/mp4", 5),
            ),
        ),
        "invitation": Invitation("digest", "garden", "u-1", text, AT, AT),
        "invitations": [Invitation("digest", "garden", "u-2", text, AT, AT)],
        "origin": f"https://{text}",
        "errors": dict.fromkeys(
            (
                "name description visibility username password current confirmation"
                " display bio zone status file mode uses days level quiet"
            ).split(),
            text,
        ),
        "error": text,
        "sentence": text,
        "done": text,
        "code": 404,
        "name": text,
        "description": text,
        "visibility": "private",
        "username": text,
        "next": text,
        "insecure": True,
        "may_mention_all": True,
        "displays": {text: text},
        "unknown": [{"typed": text, "similar": [(text, text)]}],
        "outside": [text],
        "read": Position(2),
        "end": 5,
        "end_unlisted": 1,
        "profile_limits": {"display": 1, "bio": 1, "status": 1},
        "typed": Typed((TypedField("body", text, text, True),), ((text, text),), f"/{text}"),
        "asked": True,
        "trouble": Trouble(text, (text,)),
        "setup": Setup(text, text, "open", {"installation": text}),
        "first": True,
        "question": Question(text, text, text, f"/{text}"),
        "act": f"/{text}",
        "fields": {text: text},
        "moderates": False,
        "draft_key": "a key",
        "welcome": {"mode": "open", "link": text},
        "hints": [text],
        "hits": [
            {
                "message": message(author_name=text),
                "room": room,
                "pieces": [(text, True)],
                "files": [[(text, False)]],
            },
        ],
        "query": "after=1",
        "today": "2026-03-04",
        "unread": 3,
        "entries": [
            {"room": room, "message": message(author_name=text), "text": Markup(), "is_new": True}
        ],
        "earlier": 1,
        "later": True,
        **people_values(text, user),
        "bots": [robot],
        "bot": robot,
        "form": Form(robot.id, {"url": text, "when": text, "name": text}, {"url": text}),
        "url_max": 500,
        "shown": robot.id,
        "token": text,
        "secret": text,
        **notification_values(text),
    }
