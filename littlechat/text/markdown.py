"""Message text to safe HTML: Markdown without HTML, code colours, then nh3 as the last door.

It owns what a message may look like. It must never raise, never let through a tag, attribute,
class or address that is not listed here, and never swallow what was said: only the address and
title behind a link's words, and the name of a code block's language, do not show.
"""

import html
import logging
import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import groupby, zip_longest
from types import MappingProxyType
from typing import Any

import nh3
from linkify_it import LinkifyIt  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from markdown_it.parser_block import RuleFuncBlockType
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import blockquote, list_block
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, linkify
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

from littlechat.text import mentions

_LOG = logging.getLogger(__name__)

# Deeper quotes, lists and emphasis stay plain text. Left alone, markdown-it drops the words below
# its maxNesting, and makes 2000 nested elements of "*" x 4000.
BLOCK_LEVELS = 8
EMPHASIS_LEVELS = 6
PREVIEW_SOURCE_CHARS = 1000

# A lexer is a heap of regular expressions run on a stranger's text: Pygments 2.21 needs 1 s for
# 2000 characters of "a\n" as C#. So: these lexers only, so many characters and blocks of a
# message, and so much processor time of a message; what is left over stays uncoloured.
HIGHLIGHT_CHARS = 2000
HIGHLIGHT_BLOCKS = 8
HIGHLIGHT_SECONDS = 0.04
LANGUAGES = frozenset(
    "bash c c# c++ clojure cpp cs csharp css dart diff docker dockerfile elixir erlang go golang"
    " graphql haskell hs html http ini java javascript js json kotlin lua make makefile nginx perl"
    " php pl powershell ps1 py python r rb rs ruby rust scala scss sh shell sql swift toml ts"
    " typescript xml yaml yml zsh".split()
)
# The Pygments short classes that messages/code.css colours; any other token takes its parent's.
CODE_CLASSES = frozenset("c gd gh gi k kt m na nb nc nd nf nt nv o s se".split())

_BROKEN = re.compile("[\0\ud800-\udfff]")
_ADDRESS = re.compile(r"(?:https?://[^\s/\\?#]|mailto:\S)", re.IGNORECASE)
# One line in which rules find nothing to do but words set apart by a pair of the same marks, a
# blank before and behind; a property test holds it equal to the long way, which takes 60 times as
# long.
_CHAR = r"[^\s&<>\\`*_~\[\]:@\ud800-\udfff\x00-\x1f\x7f]"
_INNER = rf"[^\W_](?:(?:{_CHAR}| (?! ))*[^\W_])?"


def _marked(group: int) -> str:
    """Return the pattern of words between equal marks, the marks being the group so numbered."""
    return rf"(\*\*?|__?|~~|`)({_INNER})\{group}"


_FIRST, _NEXT = (rf"(?:{_CHAR}++:?|{_marked(group)}[.,;!?]*)" for group in (1, 3))
_PLAIN = re.compile(rf"(?![-+]|\d+[.)]){_FIRST}(?: {_NEXT})*")
_SPAN = re.compile(_marked(1))
_SPAN_TAGS = {"*": "em", "_": "em", "**": "strong", "__": "strong", "~~": "s", "`": "code"}

_NONE: mentions.Known = MappingProxyType({})

_CLEANER = nh3.Cleaner(
    tags=set("p br em strong s a code pre span blockquote ul ol li".split()),
    attributes={
        "a": {"href"},
        "ol": {"start"},
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
        return f"<p>{_SPAN.sub(_apart, text)}</p>"
    return _formatted(text, mentions.known(names))


def _apart(match: re.Match[str]) -> str:
    tag = _SPAN_TAGS[match[1]]
    return f"<{tag}>{match[2]}</{tag}>"


def mentioned(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of `names` that a message body means, in their order; not those in code."""
    tokens = _parse(_BROKEN.sub("\ufffd", text), mentions.known(names))
    children = (child for token in tokens for child in token.children or ())
    found = (str(child.meta["name"]) for child in children if child.type == "mention")
    return tuple(dict.fromkeys(found))


def plain(text: str) -> str:
    """Return what a message body says, without markup, a line for each of its lines.

    Plain text, not HTML: the caller escapes it.
    """
    source = _BROKEN.sub("\ufffd", text)
    lines = _plain_text(_parse(source)).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip()) or source.strip()


def first_line(text: str, limit: int = 120) -> str:
    """Return the first line that has words, without markup, in at most `limit` characters.

    Plain text, not HTML: the caller escapes it. A cut ends in "…" and leaves accents and
    joined emoji whole.
    """
    shown = plain(text.strip("\n")[:PREVIEW_SOURCE_CHARS])
    line = " ".join(shown.splitlines()[0].split()) if shown else ""
    return line if len(line) <= limit else _cut(line, limit - 1) + "…"


def _formatted(text: str, names: mentions.Known = _NONE) -> str:
    text = _BROKEN.sub("\ufffd", text)
    tokens = _parse(text, names)
    # "-", ">" and "```" alone are answers in a chat: show them, not an empty list.
    if _plain_text(tokens).strip():
        rendered = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    else:
        rendered = f"<p>{'<br>'.join(html.escape(text.strip()).splitlines())}</p>"
    return _CLEANER.clean(rendered).strip()


def _parse(text: str, names: mentions.Known = _NONE) -> list[Token]:
    try:
        return _MARKDOWN.parse(text, {"names": names})
    except Exception:  # noqa: BLE001 - or one message would break its room's page for everyone
        _LOG.exception("a message of %d characters is shown without markup", len(text))
        return []


def _plain_text(tokens: Sequence[Token]) -> str:
    parts = []
    for token in tokens:
        if token.children is not None:
            parts.append(_plain_text(token.children) + "\n")
        else:
            parts.append("\n" if token.type in ("softbreak", "hardbreak") else token.content)
    return "".join(parts)


def _cut(line: str, end: int) -> str:
    # An accent, a joiner or a skin tone belongs to the character before it; 32 bounds "Zalgo" text.
    for _ in range(32):
        if end < 1 or not (_joins(line[end]) or line[end - 1] == "\u200d"):
            break
        end -= 1
    return line[: max(end, 0)].rstrip()


def _joins(char: str) -> bool:
    return unicodedata.category(char)[0] == "M" or char == "\u200d" or "🏻" <= char <= "🏿"


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802
        # nh3 also refuses hosts that no browser would open, http://a:99999; those stay text.
        return _ADDRESS.match(url) is not None and "href" in _CLEANER.clean(
            f'<a href="{html.escape(url)}"></a>'
        )

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        # Upstream decodes punycode here, which would show xn--pple-43d.com as a false apple.com.
        return link


def _shallow(rule: RuleFuncBlockType) -> RuleFuncBlockType:
    return lambda state, start, end, silent: (
        state.level < BLOCK_LEVELS and rule(state, start, end, silent)
    )


def _known_linkify(state: StateInline, silent: bool) -> bool:
    # Upstream searches all text before each "://" for a scheme: 0.5 s for "://" x 2600.
    scheme = state.src[max(state.pos - 5, 0) : state.pos].lower()
    return scheme.endswith(("http", "https")) and linkify(state, silent)


def _demote(state: StateCore) -> None:
    """Turn emphasis that is too deep, and links without words or address, back into text."""
    for block in state.tokens:
        children = block.children or []
        closings: list[str] = []
        for token, following in zip_longest(children, children[1:]):
            if token.nesting == 1:
                opening = closing = ""
                if token.type == "link_open":
                    if not token.attrs["href"] or following.type == "link_close":
                        opening, closing = "[", f"]({token.attrs['href']})"
                elif len(closings) >= EMPHASIS_LEVELS:
                    opening = closing = token.markup
                closings.append(closing)
                _write(token, opening)
            elif token.nesting == -1:
                _write(token, closings.pop())


def _mark_mentions(state: StateCore) -> None:
    """Set the names that a text means apart, except in the words of a link."""
    names: mentions.Known = state.env["names"]
    for block in state.tokens:
        if not names or not block.children or "@" not in block.content:
            continue
        links, marked = 0, []
        for token in block.children:
            links += token.nesting if token.tag == "a" else 0
            marked += [token] if token.type != "text" or links else _pieces(token, names)
        block.children = marked


def _pieces(token: Token, names: mentions.Known) -> list[Token]:
    if "@" not in token.content:
        return [token]
    return [
        Token("mention" if name else "text", "", 0, content=text, meta={"name": name})
        for text, name in mentions.split(token.content, names)
    ]


def _mention(
    _: RendererHTML, tokens: Sequence[Token], index: int, __: OptionsDict, ___: EnvType
) -> str:
    name, text = tokens[index].meta["name"], tokens[index].content
    return f'<span class="mention" data-mention="{html.escape(name)}">{html.escape(text)}</span>'


def _write(token: Token, content: str) -> None:
    if content:
        token.type, token.tag, token.nesting, token.attrs = "text", "", 0, {}
        token.content = content


def _fence(
    _: RendererHTML, tokens: Sequence[Token], index: int, __: OptionsDict, env: EnvType
) -> str:
    code, info = tokens[index].content, tokens[index].info.strip()
    language = info.lower()
    if info and (not code.strip() or len(info.split()) > 1):
        # "```see line 3" is somebody's first line of code, not the name of a language.
        code, language = f"{info}\n{code}", ""
    if language not in LANGUAGES:
        return f"<pre><code>{html.escape(code)}</code></pre>\n"
    budget = env.setdefault("budget", _Budget())
    coloured = budget.colour(code, language)
    return f'<pre><code class="language-{language}">{coloured}</code></pre>\n'


class _Budget:
    """What one message may still spend on colours."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self.clock = clock
        self.chars, self.blocks, self.seconds = HIGHLIGHT_CHARS, HIGHLIGHT_BLOCKS, HIGHLIGHT_SECONDS

    def colour(self, code: str, language: str) -> str:
        """Return the code as HTML, coloured as far as the budget goes; every character is kept."""
        self.chars -= len(code)
        self.blocks -= 1
        if min(self.chars, self.blocks, self.seconds) < 0:
            return html.escape(code)
        lexer = _lexer(language)
        started = self.clock()
        pieces: list[tuple[str, str]] = []
        try:
            for kind, value in lexer.get_tokens(code):
                pieces.append((_css_class(kind), value))
                if self.clock() - started > self.seconds:
                    break
        except Exception:  # noqa: BLE001 - colours are not worth a page
            _LOG.exception("the %s lexer failed on %d characters", language, len(code))
        self.seconds -= self.clock() - started
        done = "".join(value for _, value in pieces)
        if not code.startswith(done):
            return html.escape(code)
        return _spans([*pieces, ("", code[len(done) :])])


def _spans(pieces: Sequence[tuple[str, str]]) -> str:
    out = []
    for name, group in groupby(pieces, key=lambda piece: piece[0]):
        value = html.escape("".join(text for _, text in group))
        out.append(f'<span class="{name}">{value}</span>' if name else value)
    return "".join(out)


@cache
def _lexer(language: str) -> Any:
    lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    # Compiles its expressions, and those of the languages inside it, off the message's clock.
    list(lexer.get_tokens("<?php 1 ?><script>1</script><style>a{}</style>"))
    return lexer


@cache
def _css_class(kind: Any) -> str:
    while kind is not None:
        if (name := STANDARD_TYPES.get(kind)) in CODE_CLASSES:
            return str(name)
        kind = kind.parent
    return ""


def _parser() -> MarkdownIt:
    # No "image": it reads as "!" and a link. No "entity": "&lt;" shows as typed. No "reference":
    # a definition would vanish. No headings, tables, rules, HTML: they show as typed.
    parser = _Markdown("zero", {"linkify": True, "breaks": True})
    parser.enable(
        "linkify code fence blockquote list newline escape backticks strikethrough emphasis link"
        " autolink".split()
    )
    # Only what names its scheme, or an e-mail address: README.md and main.py are not web sites.
    linkifier = LinkifyIt({"//": None, "ftp:": None}, {"fuzzy_link": False})
    parser.linkify = linkifier
    blocks = parser.block.ruler
    blocks.at("blockquote", _shallow(blockquote), {"alt": ["paragraph", "blockquote", "list"]})
    blocks.at("list", _shallow(list_block), {"alt": ["paragraph", "blockquote"]})
    parser.inline.ruler.at("linkify", _known_linkify)
    parser.core.ruler.after("inline", "demote", _demote)
    # After addresses are known, and before an escaped \\@ is an @ like any other.
    parser.core.ruler.before("text_join", "mentions", _mark_mentions)
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("mention", _mention)
    return parser


# Built once.
_MARKDOWN = _parser()
