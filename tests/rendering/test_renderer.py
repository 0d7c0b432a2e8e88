"""Values become HTML the same way everywhere, for every viewer, and names never become markup."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from littlechat.accounts.audit import AuditEntry
from littlechat.accounts.profile_values import STATUS_HOURS, Profile, Status
from littlechat.accounts.registration import OneTimeLink
from littlechat.actions.threads import Thread
from littlechat.bots.store import Bot, Webhook
from littlechat.core.messages import (
    Cursor,
    Draft,
    File,
    Message,
    Page,
    Quote,
    Reaction,
)
from littlechat.core.people import Session, User
from littlechat.core.rooms import Invitation, Membership, Room
from littlechat.notifications.rules import Subscription
from littlechat.rendering import renderer as module
from littlechat.rendering.renderer import (
    HUES,
    Renderer,
    Shelf,
    browser,
    hue,
    initial,
    iso,
    shown_size,
    static_url,
    who,
)
from littlechat.rendering.renderer import typing_sentence as typing
from littlechat.rendering.renderer import utc as in_words
from littlechat.rooms.bans import Ban
from littlechat.rooms.room_list import RoomListEntry
from littlechat.rooms.switcher import Place
from littlechat.text.emoji import Emoji
from littlechat.web.bots import Form

AT = datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=UTC)
FOLDER = Path(module.__file__).parent / "templates"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))
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
        "faces": "0",
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
        "passes": [OneTimeLink("0a1b", text, AT, AT, 2)],
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


def notice_values(text: str) -> dict[str, Any]:
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
        "invitation": Invitation("token", "garden", "u-1", text, AT),
        "invitations": [Invitation("token", "garden", "u-2", text, AT)],
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
        "may_call": True,
        "read_seq": 2,
        "asked": True,
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
        **notice_values(text),
    }


# One partial


def test_moulded_page_is_the_page_with_what_moves_filled_in_anew() -> None:
    render = Renderer()
    for number in range(3):
        for cursor, name in ((Cursor(number, 1), "Garden"), (Cursor(number, 2), HOSTILE[0])):
            values = {"sentence": name, "code": 404, "session": None}
            moving = {"sentence": f"<{number}>"}
            expected = render.page("layout/error.html", **{**values, **moving})
            steady = {"code": 404, "session": None}
            assert render.moulded("layout/error.html", cursor, moving, **steady) == expected


def test_moulded_page_is_rendered_again_when_anything_steady_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    render, rendered = Renderer(), 0
    page = render.page

    def count(template: str, **values: Any) -> str:
        nonlocal rendered
        rendered += 1
        return page(template, **values)

    monkeypatch.setattr(render, "page", count)
    for code, times in ((404, 1), (404, 1), (403, 2), (403, 2), (404, 3)):
        html = render.moulded(
            "layout/error.html", "key", {"sentence": "no"}, code=code, session=None
        )
        assert f"<title>{code} " in html
        assert rendered == times


def test_moulds_are_kept_by_their_size_and_one_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(Renderer().page("layout/_alert.html", sentence="x" * 1_000)) + 500
    monkeypatch.setattr(module, "MOULDS_CHARS", 2 * size)
    render = Renderer()
    for key in ("a", "b", "b", "b", "a", "c"):
        for sentence in ("x", "y"):
            render.moulded("layout/_alert.html", key, {}, sentence=sentence * 1_000)
    assert [key for key in "abc" if render._moulds.find(key)] == ["a", "c"]


def test_a_slot_in_somebodys_text_is_only_text() -> None:
    first, other = Renderer(), Renderer()
    assert first._slot != other._slot
    sentence = f"{other._slot}code;"
    html = first.moulded("layout/_alert.html", "key", {}, sentence=sentence)
    assert sentence in html


def test_page_history_frame_and_catch_up_show_the_same_string() -> None:
    render = Renderer()
    messages = [message(1), message(2, "*two*", edited=True, version=3), message(3, removed=True)]
    alone = [str(render.message(one)) for one in messages]
    everywhere = "".join(alone)
    page = Page(messages, older=True)
    history = render.history("garden", page)
    assert everywhere in history
    assert everywhere in render.posted_frame(alone, Cursor(3, 3))
    assert everywhere in render.reload_frame("garden", page, Cursor(3, 3))
    assert everywhere in render.page("rooms/room.html", **values("Ada") | {"history": history})
    assert everywhere == render.messages(messages)


def test_message_carries_what_the_contract_names() -> None:
    render = Renderer()
    tree = Tree(render.message(message(7, "**hello**", version=2)))
    (element,) = tree.top
    assert element["class"] == "message"
    assert element["id"] == "message-7"
    assert (element["data-seq"], element["data-author"], element["data-version"]) == (
        "7",
        "Ada",
        "2",
    )
    assert sum(own.get("class") == "message-body" for _, own in tree.attributes) == 1
    assert '<div class="message-body" dir="auto"><p><strong>hello</strong></p>' in render.message(
        message(7, "**hello**", version=2)
    )


def test_message_is_neutral_to_its_viewer() -> None:
    html = str(Renderer().message(message(edited=True)))
    assert html == str(Renderer().message(message(edited=True)))
    assert "u-ada" not in html  # ids stay inside
    assert set(re.findall(r"\bmine\b|\bmentions\b|<button|<form|<menu", html)) == set()
    assert set(re.findall(r"Ada|Ben|Cleo|Dan", html)) == {"Ada"}


def test_time_is_utc_for_everybody_and_exact_for_the_browser() -> None:
    html = Renderer().message(message())
    assert '<time datetime="2026-03-04T05:06:07.089Z">2026-03-04 05:06 UTC</time>' in html


def test_removed_message_says_so_and_nothing_else() -> None:
    html = Renderer().message(message(body="a secret", removed=True, edited=True, version=2))
    assert "a secret" not in html
    assert "This message was removed." in html
    assert 'class="message removed"' in html
    assert "edited" not in html


def test_edited_message_says_so() -> None:
    render = Renderer()
    assert "edited" in render.message(message(1, edited=True))
    assert "edited" not in render.message(message(2))


def test_hand_written_html_in_a_message_is_text() -> None:
    tree = Tree(Renderer().message(message(body="<b onclick=x>hi</b>")))
    assert "<b onclick=x>hi</b>" in tree.text


# The cache


def test_message_is_rendered_once_a_version() -> None:
    render = Renderer()
    first = render.message(message(body="first"))
    assert render.message(message(body="not looked at")) == first
    assert "second" in render.message(message(body="second", version=1))
    assert "other" in render.message(message(body="other", room_id="kitchen"))
    assert "third" in render.message(message(2, body="third"))


def test_room_made_anew_under_an_old_id_shows_nothing_of_the_old() -> None:
    render = Renderer()
    render.message(message(body="of the deleted room"))
    again = render.message(message(body="fresh", at=AT + timedelta(milliseconds=1)))
    assert "fresh" in again


def test_cache_forgets_what_was_longest_not_asked_for() -> None:
    one = len(Renderer().message(message(1, "old")))
    render = Renderer(chars_kept=2 * one)
    render.message(message(1, "old"))
    render.message(message(2, "old"))
    render.message(message(1, "new"))  # asked for again, so 2 is the older one
    render.message(message(3, "old"))
    assert "old" in render.message(message(1, "new"))
    assert "new" in render.message(message(2, "new"))


def test_what_is_kept_is_bounded_in_characters_however_large_each() -> None:
    shelf: Shelf[str] = Shelf(1_000)
    for number in range(100):
        shelf.keep(number, "x" * 300)
    assert len(shelf) == 3
    assert shelf.find(99)
    assert shelf.keep("giant", "x" * 5_000)
    assert len(shelf) == 0


def test_history_is_rendered_anew_when_a_message_in_it_changes() -> None:
    render = Renderer()
    before = render.history("garden", Page([message(1, "before")]))
    changed = replace(message(1, "after"), version=1)
    assert "before" in before
    assert "after" in render.history("garden", Page([changed]))
    assert "before" in render.history("garden", Page([message(1, "before")]))


# Frames


def frames(render: Renderer) -> dict[str, str]:
    page = Page([message(1), message(2)], older=True)
    common, variants = render.typing_frames(["Ada", "Ben"])
    return {
        "posted": render.posted_frame([str(render.message(message()))], Cursor(1, 0)),
        "caught up with nothing": render.posted_frame([], Cursor(4, 2)),
        "reload": render.reload_frame("garden", page, Cursor(2, 1)),
        "beat": render.beat_frame(Cursor(2, 1)),
        "rooms": render.rooms_frame(3),
        "online": render.online_frame(["Ada", "Ben"]),
        "nobody online": render.online_frame([]),
        "typing": common,
        "typing variant": variants["Ada"],
    }


FRAMES = frames(Renderer())


@pytest.mark.parametrize("name", FRAMES)
def test_every_top_level_element_of_a_frame_names_its_place(name: str) -> None:
    tree = Tree(FRAMES[name])
    assert tree.top
    for element in tree.top:
        assert element["hx-swap-oob"]
        assert "id" in element or "#" in element["hx-swap-oob"]


def test_frames_joined_into_one_are_still_whole() -> None:
    together = Tree("".join(FRAMES.values()))
    assert len(together.top) == len(FRAMES)


@pytest.mark.parametrize("name", ["posted", "caught up with nothing", "reload"])
def test_frame_that_moves_the_cursor_carries_it(name: str) -> None:
    tree = Tree(FRAMES[name])
    carriers = [own for _, own in tree.attributes if "data-cursor" in own]
    assert len({own["data-cursor"] for own in carriers}) == 1
    assert Cursor.parse(carriers[0]["data-cursor"])
    # The child that message_list.js looks for comes with the whole list and with each part of it.
    assert [own.get("class") for own in carriers] == [None, "cursor"]


def test_beat_tells_how_far_the_room_is_without_moving_the_page() -> None:
    (beat,) = Tree(FRAMES["beat"]).top
    assert beat["data-at"] == "c2-1"
    assert "data-cursor" not in beat


def test_history_links_lead_on_only_where_there_is_more() -> None:
    render, messages = Renderer(), [message(4), message(5)]
    for older in (False, True):
        for newer in (False, True):
            html = render.history("garden", Page(messages, older, newer))
            assert ("/rooms/garden/messages?before=4" in html) == older
            assert ("/rooms/garden/messages?after=5" in html) == newer
    assert Tree(render.history("garden", Page())).shape == []


def test_history_at_the_rooms_end_carries_the_cursor() -> None:
    render = Renderer()
    at_end = render.history("garden", Page([message()]), Cursor(1, 0))
    assert [own.get("data-cursor") for own in Tree(at_end).top] == [None, "c1-0"]
    in_the_middle = render.history("garden", Page([message()], newer=True), Cursor(9, 0))
    assert "data-cursor" not in in_the_middle


def test_online_frame_lists_everybody_by_name() -> None:
    tree = Tree(FRAMES["online"])
    users = [own["data-user"] for _, own in tree.attributes if "data-user" in own]
    assert users == ["Ada", "Ben"]
    assert tree.top[0]["id"] == "online"


# Typing


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], ""),
        (["Ada"], "Ada is typing…"),
        (["Ada", "Ben"], "Ada and Ben are typing…"),
        (["Ada", "Ben", "Cleo"], "Several people are typing…"),
        ([str(number) for number in range(50)], "Several people are typing…"),
    ],
)
def test_typing_is_told_in_words(names: list[str], sentence: str) -> None:
    assert typing(names) == sentence
    common, _ = Renderer().typing_frames(names)
    assert Tree(common).text == sentence
    assert ("active" in common) == bool(names)


@given(st.lists(st.sampled_from("Ada Ben Cleo Dan Eve Fay".split()), unique=True))
def test_nobody_reads_that_they_are_typing_themselves(names: list[str]) -> None:
    common, variants = Renderer().typing_frames(names)
    for name in names:
        others = [other for other in names if other != name]
        assert Tree(variants.get(name, common)).text == typing(others)
    assert len(variants) <= 4


# Names are text


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_add_no_tag_and_no_attribute(template: str, text: str) -> None:
    render = Renderer()
    plain, hostile = (
        Tree(render.page(template, **values(words))) for words in ("Ada Lovelace", text)
    )
    assert hostile.shape == plain.shape
    for (tag, own), (_, benign) in zip(hostile.attributes, plain.attributes, strict=True):
        for name in own.keys() & {"href", "src", "action", "hx-get", "hx-post", "hx-ws:connect"}:
            assert own[name].startswith(("/", "#")), f"<{tag} {name}={own[name]!r}>"
        for name in own.keys() - {"value", "content", "placeholder"}:
            if name.startswith("hx-") and not re.match(r"hx-(get|post|ws)", name):
                assert own[name] == benign[name]


@pytest.mark.parametrize(
    "template",
    ["rooms/room_list.html", "rooms/room.html", "accounts/account.html", "layout/error.html"],
)
@pytest.mark.parametrize("text", [one for one in HOSTILE if "\0" not in one])
def test_hostile_words_are_shown_as_they_were_written(template: str, text: str) -> None:
    assert text in Tree(Renderer().page(template, **values(text))).text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text_in_every_frame(text: str) -> None:
    def shapes(name: str) -> list[object]:
        render = Renderer()
        common, variants = render.typing_frames([name, "Ben"])
        online = render.online_frame([name, "Ben"])
        posted = render.posted_frame([str(render.message(message(author_name=name)))], Cursor())
        return [Tree(html).shape for html in (common, *variants.values(), online, posted)]

    assert shapes(text) == shapes("Ada")


def test_session_is_what_tells_a_page_who_looks() -> None:
    pages = [
        Renderer().page("layout/error.html", **values("x") | {"session": session})
        for session in (None, Session("s-1", User("u-1", "Ben", AT), AT, AT, "", ""))
    ]
    assert ['data-me="Ben"' in page for page in pages] == [False, True]
    assert ["Ben" in page for page in pages] == [False, True]
    assert ["Log out" in page for page in pages] == [False, True]


def test_forgotten_value_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(Exception, match="'sentence' is undefined"):
        Renderer().page("layout/_alert.html")


def test_results_are_marked_as_html_and_not_escaped_again() -> None:
    render = Renderer()
    assert isinstance(render.message(message()), Markup)
    assert isinstance(render.history("garden", Page([message()])), Markup)
    assert "&lt;li" not in render.page("rooms/room.html", **values("Ada"))


# Small things


@pytest.mark.parametrize(
    ("name", "letter"),
    [("ada", "A"), ("_éa", "É"), ("李", "李"), ("42", "4"), ("😀", "#"), ("", "#"), ("ßa", "S")],
)
def test_initial_is_the_first_letter_or_digit(name: str, letter: str) -> None:
    assert initial(name) == letter


@given(st.text(max_size=20))
def test_colour_is_one_of_those_that_exist_and_the_same_in_any_case(name: str) -> None:
    assert 0 <= hue(name) < HUES
    assert hue(name.upper().lower()) == hue(name.upper())


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["Ada"], "Ada"),
        (["Ada", "Ben"], "Ada and Ben"),
        (["Ada", "Ben", "Cleo"], "Ada, Ben and Cleo"),
        ([str(n) for n in range(21)], ", ".join(map(str, range(20))) + " and 1 other"),
        ([str(n) for n in range(90)], ", ".join(map(str, range(20))) + " and 70 others"),
    ],
)
def test_people_are_named_in_words_and_a_crowd_is_counted(names: list[str], words: str) -> None:
    assert who(names) == words


def test_message_in_a_thread_differs_by_its_id_alone() -> None:
    render = Renderer()
    hostile = message(3, 'id="x"', author_name='id="y"')
    expected = str(render.message(hostile)).replace('id="message-3"', 'id="thread-message-3"')
    assert render.thread_messages([hostile]) == expected


def test_style_sheets_name_every_colour() -> None:
    sheets = "".join(path.read_text() for path in module.STATIC.rglob("*.css"))
    assert {number for number in range(HUES) if f"hue-{number}" not in sheets} == set()


def test_moments_are_written_in_utc() -> None:
    assert iso(AT) == "2026-03-04T05:06:07.089Z"
    assert in_words(AT) == "2026-03-04 05:06 UTC"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like "
            "Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0",
            "Opera on macOS",
        ),
        ("curl/8.5.0", "curl"),
        ("<script>", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_browser_is_named_as_people_name_it(agent: str, words: str) -> None:
    assert browser(agent) == words


def test_static_address_changes_with_the_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STATIC", tmp_path)
    addresses = []
    for content in ("a {}", "b {}", "a {}"):
        module._version.cache_clear()
        (tmp_path / "x.css").write_text(content)
        addresses.append(static_url("x.css"))
    module._version.cache_clear()
    assert addresses[0] == addresses[2] != addresses[1]
    assert all(re.fullmatch(r"/static/x\.css\?v=[0-9a-f]{12}", one) for one in addresses)


def test_scripts_have_one_address_between_them_which_changes_with_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STATIC", tmp_path)
    (tmp_path / "rooms").mkdir()
    (tmp_path / "messages").mkdir()
    (tmp_path / "rooms/other.js").write_text("export {}")
    addresses = []
    for content in ("1", "2", "1"):
        module._version.cache_clear()
        module.scripts_version.cache_clear()
        (tmp_path / "messages/x.js").write_text(content)
        addresses.append(static_url("rooms/other.js"))
    module._version.cache_clear()
    module.scripts_version.cache_clear()
    assert addresses[0] == addresses[2] != addresses[1]
    assert all(re.fullmatch(r"/static/[0-9a-f]{12}/rooms/other\.js", one) for one in addresses)


@pytest.mark.parametrize(
    ("width", "height", "shown"),
    [
        (100, 50, (100, 50)),
        (1_440, 720, (360, 180)),
        (720, 1_440, (180, 360)),
        (9_000, 3, (360, 1)),
        (None, None, (1, 1)),
    ],
)
def test_picture_takes_its_place_before_it_arrives(
    width: int | None, height: int | None, shown: tuple[int, int]
) -> None:
    assert shown_size(File("f", "a", "image/png", 1, width, height)) == shown


def test_message_of_files_alone_has_no_paragraph() -> None:
    html = str(Renderer().message(message(body="", files=(File("f", "a.txt", "text/plain", 5),))))
    assert '<div class="message-body" dir="auto"></div>' in html
    assert 'href="/files/f?download"' in html
