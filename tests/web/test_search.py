"""Searching over HTTP: what is shown, to whom, and what odd requests get."""

import re
from collections.abc import AsyncIterator

import pytest

from littlechat.core.messages import Draft
from littlechat.platform.database import now
from littlechat.search import indexer
from littlechat.search.matching import SOURCE_MAX
from littlechat.search.query import parse
from littlechat.text.markdown import plain
from littlechat.web import search as web_search
from tests.attacks import found_room, insiders, user_of
from tests.factories import Person, Site

HIT = re.compile(r'<a class="hit"[^>]* href="([^"]+)"')


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the follower sweep once at its start, and leave the rest to the tests."""
    monkeypatch.setattr(indexer, "FLUSH_SECONDS", 3_600.0)


@pytest.fixture
async def people(site: Site) -> AsyncIterator[list[Person]]:
    async with insiders(site, "Ada", "Ben", "Dan") as found:
        yield found


async def say(site: Site, room: str, who: Person, *bodies: str) -> None:
    for body in bodies:
        await site.services.actions.messages.say(room, await user_of(site, who), Draft(body, ""))
    await site.services.search.indexer.catch_up([room])


async def search(who: Person, q: str, htmx: bool = False, **values: str) -> str:
    headers = {"HX-Request": "true"} if htmx else {}
    answer = await who.http.get("/search", params={"q": q, **values}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_hits_are_marked_in_context_and_lead_into_history(
    site: Site, people: list[Person]
) -> None:
    ada, ben, _ = people
    room = await found_room(site, "Garden", ada, ben)
    await say(site, room, ada, "The <b>Trees</b> & bushes are green", "no")
    text = await search(ben, "tree")
    assert HIT.findall(text) == ["/rooms/garden?around=1#message-1"]
    assert "The &lt;b&gt;<mark>Trees</mark>&lt;/b&gt; &amp; bushes" in text
    assert '<b data-named="Ada">Ada</b>' in text
    assert "Garden" in text
    fragment = await search(ben, "tree", htmx=True)
    assert fragment.startswith('<div id="results"')
    assert HIT.findall(fragment) == HIT.findall(text)


async def test_hits_are_shown_in_plain_words(site: Site, people: list[Person]) -> None:
    ada, ben, _ = people
    room = await found_room(site, "Garden", ada, ben)
    await say(site, room, ada, "Ripe **tomatoes**, [see](https://vines.example/) <i>&amp;</i>")
    shown = await search(ben, "tomatoes")
    assert "Ripe <mark>tomatoes</mark>, see &lt;i&gt;&amp;amp;&lt;/i&gt;</span>" in shown
    # What its readers do not see, as where a link leads, is shown if it is what was looked for.
    assert "[see](https://<mark>vines</mark>.example/)" in await search(ben, "vines")
    long = "filler " * 60
    await say(site, room, ada, f"{long}*the* **tomatoes** at last {long}")
    shown = await search(ben, "tomatoes last")
    assert "…filler" in shown
    assert "the <mark>tomatoes</mark> at <mark>last</mark> filler" in shown


BUDS = "[" * 7_900, "- a\n" * 1_900, "a@b.co " * 1_130


async def test_no_more_of_a_text_is_parsed_than_its_excerpt_can_show_and_that_once(
    site: Site, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, ben, _ = people
    room = await found_room(site, "Garden", ada, ben)
    bodies = [f"{long[:size]}\nlunch\n{long[size:]}" for long in BUDS for size in (0, 7_000)]
    await say(site, room, ada, *bodies)
    parsed: list[str] = []

    def counted(text: str) -> str:
        parsed.append(text)
        return plain(text)

    monkeypatch.setattr(web_search, "plain", counted)
    web_search._plain.cache_clear()
    for typed in ("lun", "lunc", "lunch"):
        shown = await search(ben, typed)
        assert len(HIT.findall(shown)) == len(bodies)
        assert shown.count("<mark>lunch</mark>") == len(bodies)
    assert len(parsed) <= len(bodies)
    assert sum(map(len, parsed)) <= len(bodies) * SOURCE_MAX


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("tree", "<tree>"),
        ("x " * 300 + "**tree**" + " y" * 300, "…x x <tree> y y…"),
        (f"[a tree](https://a.example/{'b' * 600}) end", "a <tree>…"),
        ("**tree** " + "c" * 9_000, "<tree> ccc…"),
        ("**" + "tree" * 2_000, "**treetreetree…"),
        ("*e* " * 400 + "no", "e e e e…"),
        (" " * 700, "…"),
    ],
)
def test_a_long_text_is_cut_before_its_markup_is_read(body: str, shown: str) -> None:
    pieces = web_search._excerpt(parse("tree", now()), body)
    said = "".join(f"<{text}>" if is_hit else text for text, is_hit in pieces)
    assert len(said) < 500
    assert [said.startswith("…"), said.endswith("…")] == [shown[:1] == "…", shown[-1:] == "…"]
    if "<tree>" in shown:
        assert shown.strip("…") in said


async def test_only_rooms_that_one_is_in_are_searched(site: Site, people: list[Person]) -> None:
    ada, ben, dan = people
    public = await found_room(site, "Garden", ada, ben)
    private = await found_room(site, "Attic", ada, ben, visibility="private")
    await say(site, public, ada, "secret plan")
    await say(site, private, ada, "secret treasure")
    assert len(HIT.findall(await search(ben, "secret"))) == 2
    for typed in ("secret", "from:Ada", "has:link", "in:garden secret", f"in:{private} secret"):
        text = await search(dan, typed)
        assert HIT.findall(text) == []
        assert "treasure" not in text
    # To him the private room looks like one that is not there.
    hidden = await search(dan, f"in:{private} x")
    absent = await search(dan, "in:nosuchroom12345 x")
    assert hidden.replace(private, "nosuchroom12345") == absent


async def test_removed_member_finds_nothing_there_any_more(
    site: Site, people: list[Person]
) -> None:
    ada, ben, _ = people
    private = await found_room(site, "Attic", ada, ben, visibility="private")
    await say(site, private, ada, "secret treasure")
    assert len(HIT.findall(await search(ben, "secret"))) == 1
    await site.services.actions.members.remove(private, "Ben", await user_of(site, ada))
    assert HIT.findall(await search(ben, "secret")) == []
    assert len(HIT.findall(await search(ada, "secret"))) == 1


async def test_removed_and_edited_messages_show_nothing_of_what_they_said(
    site: Site, people: list[Person]
) -> None:
    ada = people[0]
    room = await found_room(site, "Garden", ada)
    await say(site, room, ada, "first secret", "second secret")
    user = await user_of(site, ada)
    membership = await site.services.rooms.memberships.find(room, user)
    assert membership
    await site.services.actions.messages.remove(room, 1, membership, user)
    await site.services.actions.messages.edit(room, 2, user, "harmless")
    for _ in range(2):
        assert HIT.findall(await search(ada, "secret")) == []
        await site.services.search.indexer.catch_up([room])
    assert len(HIT.findall(await search(ada, "harm"))) == 1


async def test_operators_narrow_it_down(site: Site, people: list[Person]) -> None:
    ada, ben, _ = people
    garden = await found_room(site, "Big Garden", ada, ben)
    attic = await found_room(site, "Attic", ada, ben)
    await say(site, garden, ada, "tree https://example.com")
    await say(site, garden, ben, "tree")
    await say(site, attic, ben, "tree")
    for typed, count in (
        ("tree", 3),
        ("tree from:Ben", 2),
        ("tree from:@ben from:ada", 3),
        ('tree in:"big garden"', 2),
        ("tree in:big-garden from:ben", 1),
        ("tree in:here", 1),
        ("has:link", 1),
        ("on:today", 3),
        ("tree before:2020", 0),
    ):
        assert len(HIT.findall(await search(ada, typed, here=attic))) == count, typed


async def test_people_are_searched_for_by_whatever_they_are_called(site: Site) -> None:
    async with insiders(site, "Ada", "André", "sabine.k", "s_kurz") as (ada, andre, sabine, kurz):
        garden = await found_room(site, "Garden", ada, andre, sabine, kurz)
        form = {"display": "Şule Kurz", "bio": "", "zone": ""}
        await kurz.post("/account/profile", False, **form)
        await site.services.avatar_styles.load()
        for person, count in ((ada, 1), (andre, 2), (sabine, 3), (kurz, 4)):
            await say(site, garden, person, *["tree"] * count)
        for typed, count in (
            ("from:andre", 2),
            ("from:ANDRÉ", 2),
            ("from:＠André", 2),
            ("from:sabine", 3),
            ("from:sabine-k", 3),
            ('from:"sule kurz"', 4),
            ("from:şule-kurz", 4),
            ("from:kurz", 4),
            ("from:me", 1),
            ("from:andre from:kurz", 6),
        ):
            assert len(HIT.findall(await search(ada, typed))) == count, typed
        assert "“from:sab” means sabine.k." in await search(ada, "from:sab")
        assert "means" not in await search(ada, "from:andre")


async def test_what_is_not_known_is_a_hint(site: Site, people: list[Person]) -> None:
    ada = people[0]
    await found_room(site, "Garden", ada)
    for typed, hint in (
        ("from:nobody", "Nobody is called “nobody”"),
        ("in:nowhere", "You are in no room called “nowhere”"),
        ("x before:soon", "“before:soon” has no date"),
        ("x has:<i>", "“has:&lt;i&gt;” is not known"),
    ):
        assert hint in await search(ada, typed), typed


async def test_empty_search_explains_itself(people: list[Person]) -> None:
    text = await search(people[0], "")
    assert "from:Ada" in text
    assert "has:link" in text
    assert "Nothing you may see says that" in await search(people[0], "unheard")


async def test_pages_follow_each_other_without_gap_or_repetition(
    site: Site, people: list[Person]
) -> None:
    ada = people[0]
    room = await found_room(site, "Garden", ada)
    await say(site, room, ada, *(f"tree {n}" for n in range(1, 51)))
    text = await search(ada, "tree")
    found = HIT.findall(text)
    while more := re.search(r'hx-get="([^"]+)"[^>]*>More<', text):
        await say(site, room, ada, "tree, meanwhile")
        answer = await ada.get(more[1].replace("&amp;", "&"), htmx=True)
        text = answer.text
        assert text.startswith("<li>")
        found += HIT.findall(text)
    assert [int(re.findall(r"\d+", one)[0]) for one in found] == list(range(50, 0, -1))
    without_htmx = await ada.get(f"/search?q=tree&after={'9' * 13}-1-garden")
    assert len(HIT.findall(without_htmx.text)) == 20


async def test_odd_requests_are_answered(people: list[Person]) -> None:
    ada = people[0]
    assert (await ada.get("/search?q=x&after=nonsense")).status_code == 422
    for q in (
        "\0",
        '"',
        "a" * 5_000,
        "from:" + "x" * 500,
        'in:"',
        "\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    ):
        await search(ada, q)
    await search(ada, "x", here="../../" + "x" * 500)


async def test_asking_without_end_is_slowed_down(site: Site, people: list[Person]) -> None:
    answers = [await people[0].get("/search?q=tree", htmx=True) for _ in range(85)]
    assert answers[-1].status_code == 429
    assert 'role="alert"' in answers[-1].text


async def test_room_and_list_offer_the_field(site: Site, people: list[Person]) -> None:
    room = await found_room(site, "Garden", people[0])
    for path in (f"/rooms/{room}", "/rooms", "/search"):
        text = (await people[0].get(path)).text
        assert text.count('id="search-field"') == 1
    assert f'href="/search?here={room}"' in (await people[0].get(f"/rooms/{room}")).text
