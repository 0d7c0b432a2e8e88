"""Whatever is typed can be read: no word, number or address of any text disappears."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

from hypothesis import example, given, settings
from hypothesis import strategies as st

from littlechat.text.markdown import plain, to_html


class Reader(HTMLParser):
    """Collects what a person can read: text, numbers of lists, labels of code, addresses."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []
        self.typed: list[str] = []
        self.number: list[int] = []
        self.href = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("ol", "ul"):
            self.number.append(int(values.get("start") or 1) if tag == "ol" else -1)
        elif tag == "li" and self.number[-1] >= 0:
            self.number[-1] = int(values.get("value") or self.number[-1])
            self.seen.append(f" {self.number[-1]} ")
            self.number[-1] += 1
        elif tag == "pre":
            self.seen.append(f" {values.get('data-language') or ''} ")
        elif tag == "a":
            self.href = values["href"] or ""
        if tag in ("p", "li", "br", "blockquote"):
            self.seen.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ol", "ul"):
            self.number.pop()
        elif tag == "a":
            self.seen.append(f" {unquote(self.href)} ")

    def handle_data(self, data: str) -> None:
        self.seen.append(data)
        self.typed.append(data)


def readable(text: str) -> str:
    return "".join(Reader(to_html(text)).seen)


def in_order(typed: list[str], seen: list[str]) -> bool:
    """Whether all that was typed is seen, in its order; the address of a link is seen twice."""
    left = iter(seen)
    return all(word in left for word in typed)


KEPT_WORDS = (
    "wort слово λέξη كلمة מילה शब्द คำพูด 言葉 단어 ຄໍາສັບ ពាក្យ ቃል բառ სიტყვა e\u0301te\u0301 𝔘𝔵 python"
).split()
OTHER_WORDS = (
    "18. 2) 7 007. x2y js https://a.example/w(o(r))d www.b.example/_a_ ben@example.com"
    " http://c.example/日本"
).split()
MARKS = (
    *"``` ```` ~~~ ```{ }``` ~~~~ ` `` > # === --- *** ** * _ __ ~~ \\ | < > <b> </b>".split(),
    *'&amp; &lt; &#65; [ ] ]( ) [a](https://d.example/ ") ! <https://e.example>'.split(),
    *'「 」 。 、 ！ ، । " “ ” ( （ ） : @ ＠'.split(),
    *("> ", "- ", "+ ", "* ", "1. ", "10) ", "# ", "\\\n", "  \n", "\n", "\n\n", "\t", "    "),
    *(" ", " ", " ", "|-|\n", "<!-- ", " -->", ' "', "[a]: "),
)
texts = st.lists(st.sampled_from([*KEPT_WORDS, *OTHER_WORDS, *MARKS]), max_size=40).map("".join)
MANY = settings(max_examples=400, deadline=None, database=None)
KEPT = re.compile("|".join(map(re.escape, KEPT_WORDS)))


@MANY
@given(texts)
@example('```{\n "a": wort\n}\n```')
@example("```for(;;)\n{\n}```\nthanks wort")
@example('[wort](https://a.example "слово")')
@example("```python\nwort```слово")
@example("> ```wort\n~~~слово\n> ```")
@example("ben@example.come\u0301te\u0301")
def test_every_word_can_be_read_in_its_place(text: str) -> None:
    assert in_order(KEPT.findall(text), KEPT.findall(readable(text)))


@MANY
@given(texts)
@example("18. a\n2. b")
@example("1. a\n01. b")
@example("1. a\n86400. b")
@example("> 3) a\n> 3) b\n7. c")
def test_every_number_can_be_read(text: str) -> None:
    typed = re.findall(r"(?<![\w.])(?:18|2|7|007|86400)(?=[.)]?(?:\s|$))", text, re.MULTILINE)
    seen = readable(text)
    for number in set(typed):
        assert len(re.findall(rf"(?<!\d){number}(?!\d)", seen)) >= typed.count(number), seen


@MANY
@given(texts)
def test_a_preview_has_the_words_that_a_message_shows(text: str) -> None:
    seen = KEPT.findall(re.sub(r"```+|~~~+", "", plain(text)))
    assert set(seen) <= set(KEPT.findall(text))


@MANY
@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=80))
def test_letters_of_every_script_stay(text: str) -> None:
    def letters(of: str) -> str:
        return "".join(char for char in of if char.isalpha())

    assert letters("".join(Reader(to_html(text)).typed)) == letters(text)
