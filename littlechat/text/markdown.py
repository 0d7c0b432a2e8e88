"""Message text to safe HTML: Markdown without HTML, and nh3 as the last gate before the page.

It owns what a message may look like. It must never raise, never let through a tag, attribute,
class or address that is not listed here, and never lose what was typed: only the address behind
a link's words does not show. docs/text.md states the rules with examples.
"""

import html
import logging
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import zip_longest
from types import MappingProxyType

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from littlechat.text import blocks, mentions
from littlechat.text.budget import Budget
from littlechat.text.code import CODE_CLASSES, LANGUAGES, render_code
from littlechat.text.inline import InlineParser, budget_of
from littlechat.text.previews import cut_line

_LOG = logging.getLogger(__name__)

# Deeper emphasis stays plain text: markdown-it makes 2000 nested elements of "*" x 4000.
EMPHASIS_LEVELS = 6
PREVIEW_SOURCE_CHARS = 1000

_BROKEN = re.compile("[\0\ud800-\udfff]")
_ADDRESS = re.compile(r"(?:https?://[^\s/\\?#]|mailto:\S)", re.IGNORECASE)
# One line in which rules find nothing to do but words set apart by a pair of the same marks, a
# blank before and behind; a property test holds it equal to the long way, which takes 60 times as
# long.
_CHAR = r"[^\s&<>\\`*_~\[\]:@\uff20\ufe6b\ud800-\udfff\x00-\x1f\x7f]"
_INNER = rf"[^\W_](?:(?:{_CHAR}| (?! ))*[^\W_])?"


def _marked(group: int) -> str:
    """Return the pattern of words between equal marks, the marks being the group so numbered."""
    return rf"(\*\*?|__?|~~|`)({_INNER})\{group}"


_FIRST, _NEXT = (rf"(?:{_CHAR}++:?|{_marked(group)}[.,;!?]*)" for group in (1, 3))
_PLAIN = re.compile(rf"(?![-+]|\d+[.)]|.*(?i:www)\.){_FIRST}(?: {_NEXT})*")
_SPAN = re.compile(_marked(1))
_SPAN_TAGS = {"*": "em", "_": "em", "**": "strong", "__": "strong", "~~": "s", "`": "code"}

_NONE: mentions.Known = MappingProxyType({})

_CLEANER = nh3.Cleaner(
    tags=set("p br em strong s a code pre span blockquote ul ol li".split()),
    attributes={
        "a": {"href"},
        "ol": {"start"},
        "li": {"value"},
        "pre": {"data-language"},
        "span": {"data-mention"},
        "*": set(),  # nh3 would add lang, title
    },
    allowed_classes={
        "code": {f"language-{language}" for language in LANGUAGES},
        "span": {"mention", *CODE_CLASSES},
    },
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow ugc",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)


def to_html(text: str, names: Iterable[str] = ()) -> str:
    """Return a message body (at most 8,000 characters, any str) as safe HTML blocks.

    Where it says @name of one of `names`, that is marked.
    """
    if _PLAIN.fullmatch(text):
        return f"<p>{_SPAN.sub(_marked_span, text)}</p>"
    return _formatted(text, mentions.known(names))


def _marked_span(match: re.Match[str]) -> str:
    tag = _SPAN_TAGS[match[1]]
    return f"<{tag}>{match[2]}</{tag}>"


def mentioned(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of `names` that a message body means, in their order; not those in code."""
    known = mentions.known(names)
    pieces = (piece for part in addressable(text) for piece in mentions.split(part, known))
    return tuple(dict.fromkeys(name for _, name in pieces if name))


@lru_cache(maxsize=64)
def addressable(text: str) -> tuple[str, ...]:
    """Return the parts of a message body where @name means somebody: not code, not links."""
    if not mentions.has_sign(text):
        return ()
    parts: list[str] = []
    _parse(_BROKEN.sub("\ufffd", text), addressable=parts)
    return tuple(parts)


def plain(text: str) -> str:
    """Return what a message body says, without markup, a line for each of its lines.

    Plain text, not HTML: the caller escapes it.
    """
    source = _BROKEN.sub("\ufffd", text)
    lines = _plain_text(_parse(source), numbered=True).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip()) or source.strip()


def first_line(text: str, limit: int = 120) -> str:
    """Return the first line that has words, without markup, in at most `limit` characters.

    Plain text, not HTML: the caller escapes it. A cut ends in "…" and leaves accents and
    joined emoji whole.
    """
    shown = plain(text.strip("\n")[:PREVIEW_SOURCE_CHARS])
    line = " ".join(shown.splitlines()[0].split()) if shown else ""
    return line if len(line) <= limit else cut_line(line, limit - 1) + "…"


def _formatted(text: str, names: mentions.Known = _NONE) -> str:
    text = _BROKEN.sub("\ufffd", text)
    tokens = _parse(text, names)
    # "-", ">" and "```" alone are answers in a chat: show them, not an empty list.
    if _plain_text(tokens).strip():
        rendered = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    else:
        rendered = f"<p>{'<br>'.join(html.escape(text.strip()).splitlines())}</p>"
    return _CLEANER.clean(rendered).strip()


def _parse(
    text: str, names: mentions.Known = _NONE, addressable: list[str] | None = None
) -> list[Token]:
    try:
        env = {"names": names, "addressable": addressable, "budget": Budget()}
        return _MARKDOWN.parse(text, env)
    except Exception:  # noqa: BLE001 - or one message would break its room's page for everyone
        _LOG.exception("a message of %d characters is shown without markup", len(text))
        return []


def _plain_text(tokens: Sequence[Token], *, numbered: bool = False) -> str:
    parts = []
    for token in tokens:
        if token.children is not None:
            parts.append(_plain_text(token.children) + "\n")
        elif token.type == "list_item_open" and token.info and numbered:
            parts.append(f"{token.info}{token.markup} ")
        else:
            parts.append("\n" if token.type in ("softbreak", "hardbreak") else token.content)
    return "".join(parts)


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802
        # nh3 also refuses hosts that no browser would open, http://a:99999; those stay text.
        return _ADDRESS.match(url) is not None and "href" in _CLEANER.clean(
            f'<a href="{html.escape(url)}"></a>'
        )

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        # Upstream decodes punycode here, which would show xn--pple-43d.com as a false apple.com.
        return link


def _return_to_text(state: StateCore) -> None:
    """Turn emphasis that is too deep, and links without words or address, back into text.

    The title of a link becomes text behind its words: few would find it anywhere else.
    """
    for block in state.tokens:
        if block.children:
            block.children = _shown(block.children)


def _shown(tokens: Sequence[Token]) -> list[Token]:
    shown: list[Token] = []
    # For each element that is open: what its end becomes as text, and what follows its end.
    open_elements: list[tuple[str, str]] = []
    for token, following in zip_longest(tokens, tokens[1:]):
        shown.append(token)
        if token.nesting == 1:
            begin, end, after = _as_text(token, following, len(open_elements))
            _write(token, begin)
            open_elements.append((end, after))
        elif token.nesting == -1:
            end, after = open_elements.pop()
            _write(token, end)
            if after:
                shown.append(Token("text", "", 0, content=after))
    return shown


def _as_text(token: Token, following: Token, depth: int) -> tuple[str, str, str]:
    """Return what an element's begin and end become as text, if so, and what follows its end."""
    if token.type == "link_open":
        title = token.attrs.pop("title", "")
        title = f' "{title}"' if title else ""
        if token.attrs["href"] and following.type != "link_close":
            return "", "", title
        return "[", f"]({token.attrs['href']}{title})", ""
    return (token.markup, token.markup, "") if depth >= EMPHASIS_LEVELS else ("", "", "")


def _write(token: Token, content: str) -> None:
    if content:
        token.type, token.tag, token.nesting, token.attrs = "text", "", 0, {}
        token.content = content


def _mark_mentions(state: StateCore) -> None:
    """Set the names that a text means apart, except in the words of a link.

    What was looked through is added to the list `addressable`, if there is one.
    """
    names: mentions.Known = state.env["names"]
    parts: list[str] | None = state.env["addressable"]
    for block in state.tokens:
        if not block.children or not mentions.has_sign(block.content):
            continue
        links, marked = 0, []
        for token in block.children:
            links += token.nesting if token.tag == "a" else 0
            if token.type != "text" or links or not mentions.has_sign(token.content):
                marked.append(token)
                continue
            budget = budget_of(state.env)
            marked += _pieces(token.content, names) if budget.mentions > 0 else [token]
            budget.mentions -= sum(map(token.content.count, mentions.SIGNS))
            if parts is not None:
                parts.append(token.content)
        block.children = marked


def _pieces(text: str, names: mentions.Known) -> list[Token]:
    return [
        Token("mention" if name else "text", "", 0, content=piece, meta={"name": name})
        for piece, name in mentions.split(text, names)
    ]


def _mention(
    _: RendererHTML, tokens: Sequence[Token], index: int, __: OptionsDict, ___: EnvType
) -> str:
    name, text = tokens[index].meta["name"], tokens[index].content
    return f'<span class="mention" data-mention="{html.escape(name)}">{html.escape(text)}</span>'


def _parser() -> MarkdownIt:
    # No "image": it reads as "!" and a link. No "entity": "&lt;" shows as typed. No "reference":
    # a definition would vanish. No headings, tables, rules, HTML: they show as typed.
    parser = _Markdown("zero", {"breaks": True})
    parser.inline = InlineParser()
    blocks.add_rules(parser)
    parser.core.ruler.after("inline", "return_to_text", _return_to_text)
    # Before an escaped \\@ is an @ like any other.
    parser.core.ruler.before("text_join", "mentions", _mark_mentions)
    parser.add_render_rule("fence", render_code)
    parser.add_render_rule("mention", _mention)
    return parser


# Built once.
_MARKDOWN = _parser()
