"""Values become HTML the same way everywhere, for every viewer, and text never becomes markup."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from markupsafe import Markup

from littlechat.core.messages import (
    Cursor,
    File,
    Message,
    Page,
    Quote,
)
from littlechat.core.people import Session, User
from littlechat.rendering import renderer as module
from littlechat.rendering.renderer import Renderer
from littlechat.rendering.static_addresses import TEMPLATES
from tests.rendering.samples import AT, HOSTILE, Tree, message, values

TEMPLATE_NAMES = sorted(
    path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")
)


def test_cached_page_is_the_page_with_what_moves_filled_in_anew() -> None:
    render = Renderer()
    for number in range(3):
        for cursor, name in ((Cursor(number, 1), "Garden"), (Cursor(number, 2), HOSTILE[0])):
            values = {"sentence": name, "code": 404, "session": None}
            changing = {"sentence": f"<{number}>"}
            expected = render.page("layout/error.html", **{**values, **changing})
            stable = {"code": 404, "session": None}
            assert render.page_cached("layout/error.html", cursor, changing, **stable) == expected


def test_cached_page_is_rendered_again_when_anything_stable_changes(
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
        html = render.page_cached(
            "layout/error.html", "key", {"sentence": "no"}, code=code, session=None
        )
        assert f"<title>{code} " in html
        assert rendered == times


def test_pages_are_cached_by_their_size_and_one_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(Renderer().page("layout/_alert.html", sentence="x" * 1_000)) + 500
    monkeypatch.setattr(module, "PAGES_CHARS", 2 * size)
    render = Renderer()
    for key in ("a", "b", "b", "b", "a", "c"):
        for sentence in ("x", "y"):
            render.page_cached("layout/_alert.html", key, {}, sentence=sentence * 1_000)
    assert [key for key in "abc" if key in render._pages] == ["a", "c"]


def test_a_placeholder_in_somebodys_text_is_only_text() -> None:
    first, other = Renderer(), Renderer()
    assert first._placeholder != other._placeholder
    sentence = f"{other._placeholder}code;"
    html = first.page_cached("layout/_alert.html", "key", {}, sentence=sentence)
    assert sentence in html


def test_page_history_frame_and_catch_up_show_the_same_string() -> None:
    render = Renderer()
    messages = [message(1), message(2, "*two*", edited=True, version=3), message(3, removed=True)]
    alone = [str(render.message(one)) for one in messages]
    everywhere = "".join(alone)
    page = Page(messages, older=True)
    history = render.history("garden", page)
    assert everywhere in history
    assert everywhere in render.frames.messages(alone, Cursor(3, 3))
    assert everywhere in render.frames.reload("garden", page, Cursor(3, 3))
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


def test_what_is_larger_than_a_cache_is_rendered_and_not_cached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PAGES_CHARS", 100)
    monkeypatch.setattr(module, "HISTORIES_CHARS", 100)
    render = Renderer(chars_kept=100)
    for _ in range(2):
        assert "giant" in render.message(message(body="giant"))
        assert "giant" in render.history("garden", Page([message(body="giant")]))
        values = {"sentence": "giant", "code": 404, "session": None}
        assert "giant" in render.page_cached("layout/error.html", "key", {}, **values)
    assert [len(kept) for kept in (render._messages, render._histories, render._pages)] == [0, 0, 0]


def test_cache_is_bounded_in_characters() -> None:
    one = len(Renderer().message(message(100)))
    render = Renderer(chars_kept=3 * one)
    for seq in range(100, 200):
        render.message(message(seq))
    assert len(render._messages) == 3
    assert render._messages.currsize <= 3 * one


def test_history_is_rendered_anew_when_a_message_in_it_changes() -> None:
    render = Renderer()
    before = render.history("garden", Page([message(1, "before")]))
    changed = replace(message(1, "after"), version=1)
    assert "before" in before
    assert "after" in render.history("garden", Page([changed]))
    assert "before" in render.history("garden", Page([message(1, "before")]))


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


@pytest.mark.parametrize("template", TEMPLATE_NAMES)
def test_hostile_words_add_no_tag_and_no_attribute(template: str) -> None:
    render = Renderer()
    plain = Tree(render.page(template, **values("Ada Lovelace")))
    for text in HOSTILE:
        hostile = Tree(render.page(template, **values(text)))
        assert hostile.shape == plain.shape, text
        for (tag, own), (_, benign) in zip(hostile.attributes, plain.attributes, strict=True):
            for name in own.keys() & {
                "href",
                "src",
                "action",
                "hx-get",
                "hx-post",
                "hx-ws:connect",
            }:
                assert own[name].startswith(("/", "#")), f"<{tag} {name}={own[name]!r}>"
            for name in own.keys() - {"value", "content", "placeholder"}:
                if name.startswith("hx-") and not re.match(r"hx-(get|post|ws)", name):
                    assert own[name] == benign[name], text


@pytest.mark.parametrize(
    "template",
    ["rooms/room_list.html", "rooms/room.html", "accounts/account.html", "layout/error.html"],
)
@pytest.mark.parametrize("text", [one for one in HOSTILE if "\0" not in one])
def test_hostile_words_are_shown_as_they_were_written(template: str, text: str) -> None:
    assert text in Tree(Renderer().page(template, **values(text))).text


def test_session_decides_whose_page_it_is() -> None:
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


def test_message_in_a_thread_differs_by_its_id_alone() -> None:
    render = Renderer()
    hostile = message(3, 'id="x"', author_name='id="y"')
    expected = str(render.message(hostile)).replace('id="message-3"', 'id="thread-message-3"')
    assert render.thread_messages([hostile]) == expected


def test_message_of_files_alone_has_no_paragraph() -> None:
    html = str(Renderer().message(message(body="", files=(File("f", "a.txt", "text/plain", 5),))))
    assert '<div class="message-body" dir="auto"></div>' in html
    assert 'href="/files/f?download"' in html


async def test_others_have_turns_while_many_long_messages_are_rendered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TURN_SECONDS", 0.0)
    render, happened = Renderer(), list[str]()
    message_html = render._message_html

    def note(one: Message) -> str:
        happened.append("rendered")
        return message_html(one)

    async def tick() -> None:
        while True:
            happened.append("tick")
            await asyncio.sleep(0)

    monkeypatch.setattr(render, "_message_html", note)
    ticking = asyncio.create_task(tick())
    some = [message(number, "a.b/ *c* " * 300) for number in range(1, 6)]
    some += [message(number, "short") for number in range(6, 11)]
    await render.prepare(some)
    ticking.cancel()
    assert happened.count("rendered") == 10
    assert "rendered rendered" not in " ".join(happened)


async def test_what_was_prepared_is_put_together_without_rendering_a_text_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    render, one = Renderer(), message(1, "*word* " * 300)
    await render.prepare([one])
    monkeypatch.setattr("littlechat.text.markdown.to_html", None)
    assert "<em>word</em>" in render.message(one)
    assert "<em>word</em>" in render.message(replace(one, version=1, replies=3))


def test_a_message_is_rendered_again_when_what_it_quotes_has_changed() -> None:
    render = Renderer()
    reply = message(2, thread=1, quote=Quote("Ada", "first", 1))
    assert "first" in render.message(reply)
    assert "gone" in render.message(replace(reply, quote=Quote("Ada", "gone", 2)))
    assert "gone" in render.history("room", Page([replace(reply, quote=Quote("Ada", "gone", 2))]))
