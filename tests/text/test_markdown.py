"""What a message may look like: the features, an attack corpus, fuzzing and bounds."""

import logging
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import FrameType

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it.rules_core import StateCore

from littlechat.text import code
from littlechat.text import markdown as markup
from littlechat.text.markdown import first_line, plain, to_html
from tests.xss_corpus import PAYLOADS

# Stated here again, on purpose: a list taken from markup.py would agree with any mistake in it.
TAGS = set("p br em strong s a code pre span blockquote ul ol li".split())
LINK = {"target": "_blank", "rel": "noopener noreferrer nofollow ugc"}
ATTRIBUTES = {
    ("a", "href"): r"(?:https?://[^/\\\s]|mailto:[^\s])[^\s\"<>]*",
    ("a", "target"): re.escape(LINK["target"]),
    ("a", "rel"): re.escape(LINK["rel"]),
    ("ol", "start"): r"[0-9]{1,9}",
    ("li", "value"): r"[0-9]{1,9}",
    ("pre", "data-language"): r"[a-z0-9+#]{1,12}",
    ("code", "class"): r"language-[a-z0-9+#]{1,12}",
    ("span", "data-mention"): r"[\w.-]+",
    ("span", "class"): r"mention|c|gd|gh|gi|k|kt|m|na|nb|nc|nd|nf|nt|nv|o|s|se",
}
DEPTH = 20
TAG = r"</?[a-z]+(?: [a-z-]+=\"[^\"<>]*\")*>"


class Checker(HTMLParser):
    """Collects everything in a piece of HTML that a message must not contain."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.depth = 0
        if not re.fullmatch(rf"(?:[^<>]|{TAG})*", html):
            self.faults.append("not a sequence of plain tags and escaped text")
        self.feed(html)
        self.close()
        if self.open:
            self.faults.append(f"left open: {self.open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.faults.append(f"tag {tag}")
        if len(dict(attrs)) < len(attrs):
            self.faults.append(f"attribute twice on {tag}")
        for name, value in attrs:
            allowed = ATTRIBUTES.get((tag, name))
            if allowed is None or not re.fullmatch(allowed, value or "", re.IGNORECASE):
                self.faults.append(f"attribute {tag} {name}={value!r}")
        if tag == "a" and {name for name, _ in attrs} != {"href", "target", "rel"}:
            self.faults.append(f"half a link: {attrs}")
        if tag == "a" and "a" in self.open:
            self.faults.append("a link in a link")
        mention = ("class", "mention") in attrs
        if mention != ("data-mention" in dict(attrs)):
            self.faults.append(f"half a mention: {attrs}")
        if tag == "span" and mention == (self.open[-1:] in (["code"], ["span"])):
            self.faults.append("a span outside code, or a mention in it")
        if tag != "br":
            self.open.append(tag)
        self.depth = max(self.depth, len(self.open))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"unbalanced {tag}")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.faults.append("a comment")

    def handle_decl(self, decl: str) -> None:
        self.faults.append("a declaration")

    def handle_pi(self, data: str) -> None:
        self.faults.append("a processing instruction")

    def unknown_decl(self, data: str) -> None:
        self.faults.append("an unknown declaration")


class Loud(logging.Filter):
    """markup.py falls back to plain text on an error; here that is a failure, not a rescue."""

    def filter(self, record: logging.LogRecord) -> bool:
        raise AssertionError(record.getMessage())


LOUD = Loud()
logging.getLogger("littlechat.text.markdown").addFilter(LOUD)


def checked(text: str) -> Checker:
    html = to_html(text)
    found = Checker(html)
    assert not found.faults, (text, html, found.faults)
    assert found.depth <= DEPTH, text
    return found


def anchor(address: str, words: str) -> str:
    return f'<a href="{address}" target="{LINK["target"]}" rel="{LINK["rel"]}">{words}</a>'


# Features


def test_plain_words_become_one_paragraph() -> None:
    assert to_html("hello, you") == "<p>hello, you</p>"


def test_a_single_newline_is_a_line_break() -> None:
    assert to_html("a\nb\r\nc") == "<p>a<br>\nb<br>\nc</p>"


def test_a_blank_line_starts_a_paragraph() -> None:
    assert to_html("a\n\nb") == "<p>a</p>\n<p>b</p>"


def test_emphasis_strong_strike_and_code_are_marked() -> None:
    assert to_html("*a* **b** ~~c~~ `d <e>`") == (
        "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d &lt;e&gt;</code></p>"
    )


def test_lists_keep_their_order_and_first_number() -> None:
    assert to_html("- a\n- b") == "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"
    assert to_html("7. a\n8. b") == '<ol start="7">\n<li>a</li>\n<li>b</li>\n</ol>'


def test_a_quote_is_a_block_quote() -> None:
    assert to_html("> a\n\nb") == "<blockquote>\n<p>a</p>\n</blockquote>\n<p>b</p>"


def mention(name: str, typed: str) -> str:
    return f'<span class="mention" data-mention="{name}">{typed}</span>'


def test_known_names_are_marked_as_they_were_typed() -> None:
    assert to_html("**@ben**, @ada", ["Ben"]) == (
        f"<p><strong>{mention('Ben', '@ben')}</strong>, @ada</p>"
    )
    assert markup.mentioned("@ada @ben @Ada", ["Ben", "Ada"]) == ("Ada", "Ben")


def test_code_links_and_escapes_name_nobody() -> None:
    for text in (
        "`@Ben`",
        "```\n@Ben\n```",
        "[@Ben](https://a.example)",
        "https://a.example/@Ben",
        "a@Ben.example",
        "\\@Ben",
    ):
        assert markup.mentioned(text, ["Ben"]) == (), text
        assert "mention" not in to_html(text, ["Ben"])


def test_nobody_forges_a_mention() -> None:
    forged = '<span class="mention" data-mention="Ben">@Ben</span>'
    assert to_html(forged) == f"<p>{forged.replace('<', '&lt;').replace('>', '&gt;')}</p>"
    for payload in PAYLOADS:
        marked = to_html(f"@Ben {payload} @Ben", ["Ben"])
        assert not Checker(marked).faults, payload
        assert set(re.findall(r'data-mention="([^"]*)"', marked)) <= {"Ben"}


def test_a_link_opens_apart_and_passes_nothing_on() -> None:
    address = "https://example.com/?a=1&b=2"
    expected = anchor("https://example.com/?a=1&amp;b=2", "x")
    assert to_html(f"[x]({address})") == f"<p>{expected}</p>"


def test_addresses_are_linked_where_they_stand() -> None:
    assert to_html("https://example.com/_a_b_") == (
        f"<p>{anchor('https://example.com/_a_b_', 'https://example.com/_a_b_')}</p>"
    )
    assert (
        to_html("<http://a.example>") == f"<p>{anchor('http://a.example', 'http://a.example')}</p>"
    )
    assert to_html("ben@example.com") == (
        f"<p>{anchor('mailto:ben@example.com', 'ben@example.com')}</p>"
    )


def test_file_names_and_bare_hosts_are_not_links() -> None:
    for text in ("README.md", "main.py", "example.com", "//example.com", "ftp://a.example"):
        assert to_html(text) == f"<p>{text}</p>"


def test_an_address_is_shown_as_it_was_typed() -> None:
    assert ">http://xn--pple-43d.com</a>" in to_html("http://xn--pple-43d.com")
    assert ">https://münchen.example/ü</a>" in to_html("https://münchen.example/ü")


def test_links_elsewhere_than_to_a_web_or_mail_address_stay_text() -> None:
    for target in (
        "/logout",
        "x",
        "#top",
        "//evil.example",
        "http:///x",
        "",
        "tel:1",
        "http://a:99999",
    ):
        assert to_html(f"[x]({target})") == f"<p>[x]({target})</p>"


def test_a_link_without_words_stays_readable() -> None:
    assert checked("[](https://example.com)").text == "[](https://example.com)"


def test_an_image_is_an_exclamation_mark_and_a_link() -> None:
    expected = anchor("https://example.com/a.png", "alt")
    assert to_html("![alt](https://example.com/a.png)") == f"<p>!{expected}</p>"


def test_headings_tables_rules_references_and_entities_show_as_typed() -> None:
    for text in ("# a", "a\n===", "a\n---", "a|b\n-|-\n1|2", "***", "[a]: x 'y'", "&lt; &copy;"):
        assert checked(text).text.split() == text.split()
        assert "<h" not in to_html(text)


def test_html_shows_as_typed() -> None:
    assert to_html("<b id=x>a</b>") == "<p>&lt;b id=x&gt;a&lt;/b&gt;</p>"


def test_a_lone_marker_is_shown_and_not_an_empty_list() -> None:
    for text in ("-", "+", "*", ">", "1.", "```", "- - -", "> >"):
        assert checked(text).text == text


def test_fenced_and_indented_code_keeps_every_space() -> None:
    assert to_html("```\n a\n\n  <b>\n```") == "<pre><code> a\n\n  &lt;b&gt;\n</code></pre>"
    assert to_html("    a\n      b") == "<pre><code>a\n  b\n</code></pre>"


def test_code_in_a_known_language_is_coloured() -> None:
    assert to_html("```python\ndef f(): return 'x'  # y\n```") == (
        '<pre data-language="python"><code class="language-python">'
        '<span class="k">def</span> <span class="nf">f</span>():'
        ' <span class="k">return</span> <span class="s">\'x\'</span>  <span class="c"># y</span>\n'
        "</code></pre>"
    )


def test_code_in_no_language_or_one_without_colours_is_plain() -> None:
    assert to_html("```\nif x:\n```") == "<pre><code>if x:\n</code></pre>"
    assert to_html("```Vue\nif x:\n```") == ('<pre data-language="Vue"><code>if x:\n</code></pre>')


def test_text_behind_a_fence_that_names_no_language_is_code() -> None:
    for text in ("klingon", "python-x", "../python", "{", "for(;;)", "<b>"):
        assert checked(f"```{text}\nif x:\n```").text == f"{text}\nif x:\n"


def test_words_after_a_fence_are_code_unless_they_name_a_language() -> None:
    assert checked("```see line 3\nx\n```").text == "see line 3\nx\n"
    assert checked("a\n\n```lost\n```").text == "a\nlost\n"


def test_every_language_colours_and_keeps_the_text() -> None:
    typed = "<?php class A { def f(x): return \"a\" + 1; } ?>\n# c // d\n+ a: 'b' <i x='1'>\n\té\n"
    for language in sorted(code.LANGUAGES):
        found = checked(f"```{language}\n{typed}```")
        assert found.text == typed, language


def test_colours_stop_at_the_limits_and_the_text_does_not() -> None:
    long = "x = 1\n" * (code.HIGHLIGHT_CHARS // 6 + 1)
    assert "<span" not in to_html(f"```py\n{long}```")
    many = to_html("```py\nx = 1\n```\n" * (code.HIGHLIGHT_BLOCKS + 5))
    assert many.count("</pre>") == code.HIGHLIGHT_BLOCKS + 5
    assert many.count('class="m"') == code.HIGHLIGHT_BLOCKS


def test_colours_stop_when_the_time_of_the_message_is_spent() -> None:
    ticks = iter(range(1000))
    budget = code.Budget(clock=lambda: next(ticks) * code.HIGHLIGHT_SECONDS / 4)
    html = budget.colour("1 2 3 4 5 6 7 8 9\n", "python")
    assert 0 < html.count("<span") < 9
    assert Checker(f"<code>{html}</code>").text == "1 2 3 4 5 6 7 8 9\n"
    assert budget.colour("1", "python") == "1"


def test_every_script_and_emoji_survives_whole() -> None:
    for text in (
        "👩‍👩‍👧‍👦 👍🏽 🏴‍☠️ 🇩🇪",
        "שלום עולם مرحبا",
        "e\u0301 ก็ 각",
        "𝔘𠮷",
        "a\u202eb\u202c",
        "\ufeffa",
    ):
        assert checked(text).text == text
        assert checked(f"**{text}**").text == text


def test_what_is_no_character_becomes_the_replacement_character() -> None:
    assert to_html("a\ud83db\udc00\0") == "<p>a\ufffdb\ufffd\ufffd</p>"
    assert first_line("\ud800") == "\ufffd"


def test_no_words_give_no_words() -> None:
    for text in ("", " ", "\n\n", "\t", "\x0b", "\u2028"):
        assert checked(text).text.strip() == ""
        assert first_line(text) == ""


def test_a_core_rule_can_be_added_and_its_failure_costs_only_the_markup() -> None:
    def broken(_: StateCore) -> None:
        raise IndexError

    logger = logging.getLogger("littlechat.text.markdown")
    markup._MARKDOWN.core.ruler.push("broken", broken)
    logger.removeFilter(LOUD)
    logger.disabled = True
    try:
        assert to_html("**a** <b>\nc") == "<p>**a** &lt;b&gt;<br>c</p>"
        assert first_line("**a**\nc") == "**a**"
    finally:
        markup._MARKDOWN.disable("broken")
        logger.disabled = False
        logger.addFilter(LOUD)
    assert to_html("**a**") == "<p><strong>a</strong></p>"


# Previews


def test_the_plain_words_have_no_markup_and_lose_nothing_said() -> None:
    assert plain("**a** [b](https://x.example) `c`\n\n- *d*\n- ~~e~~\n\n> f") == "a b c\nd\ne\nf"
    assert plain("```python\nx = 1\n\n  y = 2\n```\n") == "x = 1\ny = 2"
    assert plain("a @Ada <b>&amp; \\*c\\*") == "a @Ada <b>&amp; *c*"
    assert [plain(text) for text in ("", "-", ">", " \n ")] == ["", "-", ">", ""]


def test_a_preview_is_the_first_line_without_markup() -> None:
    assert first_line("> **a** [b](https://x.example) `c`  d\ne") == "a b c d"
    assert first_line("\n\n```python\nx = 1\ny = 2\n```") == "x = 1"
    assert first_line("<b>&amp;") == "<b>&amp;"
    assert first_line("-") == "-"


def test_a_preview_is_cut_between_characters() -> None:
    assert first_line("abcdef", limit=4) == "abc…"
    assert first_line("abcd", limit=4) == "abcd"
    assert first_line("a👩‍👩‍👧 b", limit=4) == "a…"
    assert first_line("a👍🏽 b", limit=3) == "a…"
    assert first_line("abe\u0301d", limit=4) == "ab…"
    assert first_line("a" + "\u0301" * 500, limit=100).startswith("a")


# Attacks


def test_every_payload_leaves_only_text_and_safe_links() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 60
    for payload in PAYLOADS:
        checked(payload)
        assert "\n" not in first_line(payload)


def test_every_payload_is_harmless_inside_other_markup() -> None:
    for payload in PAYLOADS:
        for around in ("> {}", "- {}", "**{}**", "[{}](https://example.com)", "`{}`", "x\n{}\nx"):
            checked(around.format(payload))


def test_the_last_door_alone_stops_every_html_payload() -> None:
    for payload in PAYLOADS:
        found = Checker(markup._CLEANER.clean(payload))
        # Harmless leftovers that to_html itself never makes: an emptied class, a bare span.
        harmless = r"half a link.*|a span outside.*|not a sequence.*|.* class=''"
        assert [fault for fault in found.faults if not re.fullmatch(harmless, fault)] == []


def test_the_checker_flags_what_it_must() -> None:
    good = anchor("https://example.com/", "x")
    assert Checker(f"<p>{good} &lt;b&gt;<br>\n<code>x</code></p>").faults == []
    bad = (
        "<script>x</script>", "<img src=x>", "<p onclick='x'>a</p>", '<p class="k">a</p>',
        '<p id="a">a</p>', '<p style="a">a</p>', '<p hx-get="/x">a</p>', '<p data-hx-get="/">a</p>',
        "<hx-partial>a</hx-partial>", "<custom-a>x</custom-a>", "<p>a", "a</p>",
        "<p><em>a</p></em>",
        "<!-- a -->", "<!DOCTYPE html>", "<?a?>", "a < b", "a > b", '<a href="https://a.b">x</a>',
        good.replace("https:", "javascript:"), good.replace("https:", " JavaScript:"),
        good.replace("https:", "&#106;avascript:"), good.replace("https://", "/"),
        good.replace("https://", "//"), good.replace("https:", "data:"), good.replace("ugc", "me"),
        good.replace("_blank", "_self"), good.replace(">x<", f">{good}<"),
        good.replace("<a ", '<a title="x" '), good.replace("<a ", '<a href="http://b.c" '),
        '<code class="language-a b">x</code>', '<code><span class="message">x</span></code>',
        '<span class="k">x</span>', '<ol start="x"><li>a</li></ol>', "<svg><p>x</p></svg>",
    )  # fmt: skip
    for html in bad:
        assert Checker(html).faults, html


# Fuzzing

FRAGMENTS = (
    *"* ** _ ~~ ` ``` ~~~ > - + 1. # [ ] ( ) ! \\ < > & \" ' : / // | = @ . ,".split(),
    *("a", "b", "é", "😀", "\u200d"),
    *(" ", "  ", "    ", "\n", "\n\n", "\t", "\r", "\0", "\x0b", "\x0c", "\x1f", "\x85", "\xa0"),
    *("\u2028", "\u202e", "\ufeff", "\ud800", "\udfff", "](", "[x](", "http://", "https://a.b/"),
    *("javascript:", "data:", "mailto:", "a@b.co", "<a href=", "onclick=", "<script>", "</p>"),
    *("<!--", "-->", "&lt;", "&#x3c;", "<svg>", "hx-get=", "```python\n", "```html\n", "``` x\n"),
)
FUZZ = settings(max_examples=300, deadline=None, database=None)
any_text = st.text(st.characters(codec=None), max_size=200)
any_markup = st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join)


@FUZZ
@given(any_text | any_markup)
def test_any_text_becomes_safe_balanced_html(text: str) -> None:
    checked(text)
    line = first_line(text)
    assert len(line) <= 120
    assert not set(line) & set("\n\r\0")


@FUZZ
@given(st.lists(st.sampled_from([*PAYLOADS, "\n", "\n\n", " ", "> ", "- "]), max_size=6))
def test_payloads_together_are_as_harmless_as_alone(payloads: list[str]) -> None:
    checked("".join(payloads))


@FUZZ
@given(
    st.text(max_size=80)
    | any_markup
    | st.text("ab1 .,!?'()+-#;:|/\"é", max_size=30)
    | st.text("ab1  .:*_`~", max_size=20)
    | st.lists(
        st.sampled_from(["*", "**", "_", "__", "~~", "`", " ", "a", "b c", "!", "(", "é", ". "]),
        max_size=14,
    ).map("".join)
)
def test_the_fast_way_equals_the_long_way(text: str) -> None:
    assert to_html(text) == markup._formatted(text)


def test_the_fast_way_is_taken_by_ordinary_sentences() -> None:
    for text in (
        "Morning everyone, ready?",
        "it's 3-2 (again): fine!",
        "C# or C++; 1.5 €",
        "😀 ok",
        "that is **very** good, *really*!",
        "see `main` or `do this`",
    ):
        assert markup._PLAIN.fullmatch(text), text


MARKERS = (
    "*",
    "**",
    "_",
    "~~wa~~ ",
    "> ",
    "- ",
    "# ",
    "\n",
    "\n\n",
    " ",
    "<b>",
    "&",
    "[",
    "]",
    "    ",
)


@FUZZ
@given(st.lists(st.sampled_from([*MARKERS, "wa ", "wb", "wc "]), max_size=60).map("".join))
def test_no_word_of_a_message_disappears(text: str) -> None:
    assert re.findall("w[abc]", checked(text).text) == re.findall("w[abc]", text)


# Bounds

BOMBS = {
    "brackets": "[", "images": "![", "links": "[](", "nested links": "[a](", "pairs": "[[]",
    "linked brackets": "http://a/[", "quotes": ">", "quoted lists": "> - ", "lists": "- ",
    "numbers": "1. ", "loose lists": "- a\n\n", "empty items": "-\n", "quote lines": ">\n",
    "emphasis": "*a ", "pairs of emphasis": "**x** *", "mixed emphasis": "*a _b ~~c ",
    "open and close": "a*", "backticks": "`", "code in brackets": "[`", "fences": "```\n",
    "python": "```py\n1\n```\n", "angles": "<", "autolinks": "<http:", "ampersands": "&",
    "escapes": "\\", "schemes": "://", "short schemes": "a://", "links in a row": "http://a ",
    "joined links": "http://", "mail": "a@b.co ", "mail names": "a@", "dots": "a.b@",
    "newlines": "a\n", "tabs": "\t", "strikes": "~~a", "quotation marks": 'http://a.b/"',
    "late code": "a ```js\n", "code in code": "```\nx ` `", "www": "www.a.bc ", "names": "@ben ",
    "names without blanks": "@田中", "paths without blanks": "http://a.b/日",
    "escaped stars": "\\*", "closed brackets": "http://a.b/(x ) ", "numbers as text": "01. a\n",
    "wide marks": "*「",
}  # fmt: skip
SHAPES = (
    "*" * 3999 + "x" + "*" * 3999,
    "> " * 4000 + "deep",
    "\n".join(" " * depth + "- a" for depth in range(120)),
    "\n".join(">" * depth + " a" for depth in range(120)),
    "> a\n" + "b\n" * 3990,
    "".join("`" * width + " " for width in range(1, 125)),
    "http://" + "a." * 3990,
    "[" * 4000 + "](" * 2000,
)


def test_no_bomb_grows_or_deepens_without_bound() -> None:
    for text in (*((bomb * 8000)[:8000] for bomb in BOMBS.values()), *SHAPES):
        checked(text)
        # 17: the shortest mail autolink with its attributes; a coloured character costs 25.
        assert len(to_html(text)) <= 17 * len(text) + 25 * code.HIGHLIGHT_CHARS


def test_nesting_beyond_the_bound_stays_as_text() -> None:
    assert checked(">" * 100 + " deep").text.strip() == ">" * 92 + " deep"
    assert checked("- " * 100 + "deep").text.count("- ") == 96
    assert checked("*" * 100 + "deep" + "*" * 100).text == "*" * 88 + "deep" + "*" * 88


def calls(text: str) -> int:
    """Count the function calls that rendering takes: a clock that no busy machine disturbs."""
    count = 0

    def tally(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(tally)
    try:
        to_html(text)
    finally:
        sys.setprofile(before)
    return count


def test_twice_the_bomb_takes_at_most_about_twice_the_work() -> None:
    for name, bomb in BOMBS.items():
        small, large = calls((bomb * 1000)[:1000]), calls((bomb * 2000)[:2000])
        assert large <= 2.3 * small + 500, (name, small, large)


# Colours


def luminance(colour: str) -> float:
    """WCAG 2.2 relative luminance of #rrggbb."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_code_class_has_a_readable_colour_in_light_and_dark() -> None:
    css = (Path(markup.__file__).parents[1] / "static" / "messages" / "code.css").read_text()
    used = dict.fromkeys(re.findall(r"color: var\((--code-\w+)\)", css))
    assert set(re.findall(r"\.([a-z]{1,2})(?=[, ][^{}]*\{)", css)) == code.CODE_CLASSES
    light, dark = (
        dict(re.findall(r"(--code-\w+): (#\w{6});", part)) for part in css.split("@media")
    )
    for theme in (light, dark):
        assert set(theme) == {*used, "--code-bg"}
        for name in used:
            low, high = sorted((luminance(theme[name]), luminance(theme["--code-bg"])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, name
