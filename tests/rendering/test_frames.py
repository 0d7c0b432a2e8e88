"""Frames down a socket are whole, say where they go, and hold names as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.core.messages import (
    Cursor,
    Page,
)
from littlechat.rendering.renderer import Renderer
from littlechat.rendering.template_filters import (
    typing_sentence,
)
from tests.rendering.samples import HOSTILE, Tree, message


def frames(render: Renderer) -> dict[str, str]:
    page = Page([message(1), message(2)], older=True)
    common, variants = render.frames.typing(["Ada", "Ben"])
    return {
        "posted": render.frames.messages([str(render.message(message()))], Cursor(1, 0)),
        "caught up with nothing": render.frames.messages([], Cursor(4, 2)),
        "reload": render.frames.reload("garden", page, Cursor(2, 1)),
        "beat": render.frames.beat(Cursor(2, 1)),
        "rooms": render.frames.room_list(3),
        "online": render.frames.room_presence(["Ada", "Ben"]),
        "nobody online": render.frames.room_presence([]),
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


def test_beat_carries_the_cursor_of_the_room_without_moving_the_page() -> None:
    (beat,) = Tree(FRAMES["beat"]).top
    assert beat["data-at"] == "c2-1"
    assert "data-cursor" not in beat


def test_online_frame_lists_everybody_by_name() -> None:
    tree = Tree(FRAMES["online"])
    users = [own["data-user"] for _, own in tree.attributes if "data-user" in own]
    assert users == ["Ada", "Ben"]
    assert tree.top[0]["id"] == "online"


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
def test_typing_frame_says_in_words_who_types(names: list[str], sentence: str) -> None:
    assert typing_sentence(names) == sentence
    common, _ = Renderer().frames.typing(names)
    assert Tree(common).text == sentence
    assert ("active" in common) == bool(names)


@given(st.lists(st.sampled_from("Ada Ben Cleo Dan Eve Fay".split()), unique=True))
def test_nobody_reads_that_they_are_typing_themselves(names: list[str]) -> None:
    common, variants = Renderer().frames.typing(names)
    for name in names:
        others = [other for other in names if other != name]
        assert Tree(variants.get(name, common)).text == typing_sentence(others)
    assert len(variants) <= 4


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text_in_every_frame(text: str) -> None:
    def shapes(name: str) -> list[object]:
        render = Renderer()
        common, variants = render.frames.typing([name, "Ben"])
        online = render.frames.room_presence([name, "Ben"])
        posted = render.frames.messages([str(render.message(message(author_name=name)))], Cursor())
        return [Tree(html).shape for html in (common, *variants.values(), online, posted)]

    assert shapes(text) == shapes("Ada")
