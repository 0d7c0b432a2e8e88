"""How marks within a line are read, where that departs from CommonMark.

Emphasis works in scripts written without blanks, addresses are found before marks are, and a
backslash vanishes only before a mark that it takes the meaning from.
"""

import re
import unicodedata
from bisect import bisect_left
from functools import lru_cache
from typing import cast

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType

from littlechat.text import links
from littlechat.text.scripts import is_unspaced

RULES = "newline backticks strikethrough emphasis link autolink".split()
"""The rules that are markdown-it's own, as it has them."""

_ESCAPED = frozenset("*_~`[]<@")
_ESCAPED_FIRST = frozenset(">-+")
"""What makes a quote or a list at the beginning of a line, and nothing elsewhere."""
_NUMBER = re.compile(r"(?:^|\n)[ \t]*\d{1,9}\Z")
_NUMBER_CHARS_MAX = 20
_SHRUG = "¯\\_"


class InlineParser(ParserInline):
    """markdown-it's parser of a paragraph's text, with our rules."""

    def __init__(self) -> None:
        super().__init__()
        self.ruler.enableOnly(RULES)
        self.ruler.before("text", "address", _address)
        self.ruler.at("text", _text)
        self.ruler.at("escape", _escape)
        self.ruler.enable(["text", "escape"])
        self.ruler2.enableOnly(["balance_pairs", "strikethrough", "emphasis", "fragments_join"])

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        """Append the tokens of `src` to `tokens`, and return them."""
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


class _State(StateInline):
    def __init__(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> None:
        super().__init__(src, md, env, tokens)
        self.addresses = {one.start: one for one in links.find(src)}
        self.address_starts = list(self.addresses)

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803
        """Return whether the marks at `start` can open and close emphasis, and how many they are.

        As in CommonMark 0.31 (6.2), with the amendment that is proposed for Chinese, Japanese
        and Korean, here for every script without blanks: its punctuation counts as letters, and
        beside its characters other punctuation stands as it would after a blank.
        """
        marker, end = self.src[start], start
        while end < self.posMax and self.src[end] == marker:
            end += 1
        before = self.src[start - 1] if start else " "
        after = self.src[end] if end < self.posMax else " "
        if marker == "*" and before.isdecimal() and after.isdecimal():
            return Scanned(False, False, end - start)  # 2*3*4 is a product.
        left, right = _flanks(before, after), _flanks(after, before)
        can_open = left and (canSplitWord or not right or _is_punctuation(before))
        can_close = right and (canSplitWord or not left or _is_punctuation(after))
        return Scanned(can_open, can_close, end - start)


def _flanks(outer: str, inner: str) -> bool:
    """Whether marks between these characters belong to the text on the inner side."""
    if inner.isspace():
        return False
    if is_unspaced(inner) or not _is_punctuation(inner):
        return True
    return outer.isspace() or is_unspaced(outer) or _is_punctuation(outer)


@lru_cache(maxsize=4_000)
def _is_punctuation(char: str) -> bool:
    return unicodedata.category(char)[0] in "PS"


def _address(state: StateInline, silent: bool) -> bool:
    """Make a link of an address, as it was typed."""
    address = cast(_State, state).addresses.get(state.pos)
    if address is None or state.linkLevel or address.end > state.posMax:
        return False
    href = state.md.normalizeLink(address.href)
    if not state.md.validateLink(href):
        return False
    if not silent:
        state.push("link_open", "a", 1).attrs = {"href": href}
        state.push("text", "", 0).content = state.src[address.start : address.end]
        state.push("link_close", "a", -1)
    state.pos = address.end
    return True


def _text(state: StateInline, silent: bool) -> bool:
    """Take the text up to the next character that may be a mark, or the next address."""
    starts = cast(_State, state).address_starts
    mark = state.md.inline.terminator_re.search(state.src, state.pos)
    end = mark.start() if mark else state.posMax
    following = bisect_left(starts, state.pos + 1)
    if following < len(starts):
        end = min(end, starts[following])
    if end <= state.pos:
        return False
    if not silent:
        state.append_pending(state.src[state.pos : end])
    state.pos = end
    return True


def _escape(state: StateInline, silent: bool) -> bool:
    """Let the character after a backslash stand for itself, if it could be a mark."""
    at = state.pos
    if state.src[at] != "\\" or at + 1 >= state.posMax:
        return False
    char = state.src[at + 1]
    # Both strokes of ¯\_(ツ)_/¯ stay.
    shrugs = state.src[max(at - 1, 0) : at + 2] == _SHRUG
    if not shrugs and not _is_escaped(state.src, at, char):
        return False
    if not silent:
        token = state.push("text_special", "", 0)
        token.content, token.markup = (f"\\{char}" if shrugs else char), f"\\{char}"
        token.info = "escape"
    state.pos = at + 2
    return True


def _is_escaped(text: str, at: int, char: str) -> bool:
    if char in _ESCAPED:
        return True
    if char in _ESCAPED_FIRST:
        return at == 0 or text[at - 1] == "\n"
    return char in ".)" and _NUMBER.search(text, max(at - _NUMBER_CHARS_MAX, 0), at) is not None
