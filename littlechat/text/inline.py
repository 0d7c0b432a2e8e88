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
from littlechat.text.budget import STEPS_OF_LINK, STEPS_OF_MARK, Budget
from littlechat.text.scripts import is_unspaced

_MARK = re.compile(r"[\n\\`~*_\[\]<]")
"""The characters that a rule may begin at; the closing bracket ends the words of a link."""

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
        self.terminator_re = _MARK
        self.ruler.enableOnly(RULES)
        self.ruler.before("text", "budget", _budget)
        self.ruler.before("text", "address", _address)
        self.ruler.at("text", _text)
        self.ruler.at("escape", _escape)
        self.ruler.enable(["budget", "text", "escape"])
        self.ruler2.enableOnly(["balance_pairs", "strikethrough", "emphasis", "fragments_join"])

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        """Append the tokens of `src` to `tokens`, and return them."""
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens

    def skipToken(self, state: StateInline) -> None:  # noqa: N802
        """Go past one token, which a mark before it looks at; past all once the budget is spent."""
        if budget_of(state.env).spend(1):
            super().skipToken(state)
        else:
            state.pos = state.posMax


def budget_of(env: EnvType) -> Budget:
    """Return what is left for the message that is being parsed."""
    found: Budget = env["budget"]
    return found


class _State(StateInline):
    def __init__(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> None:
        super().__init__(src, md, env, tokens)
        self.addresses = {one.start: one for one in links.find(src)}
        self.address_starts = list(self.addresses)
        self.judged: dict[str, str] = {}
        """For the addresses looked at so far, what they lead to, or "" for none."""

    def judge(self, address: str) -> str:
        """Return what an address leads to, or "" if it is not one that is let through."""
        if address not in self.judged:
            budget = budget_of(self.env)
            budget.addresses -= 1
            href = self.md.normalizeLink(address) if budget.addresses >= 0 else ""
            self.judged[address] = href if href and self.md.validateLink(href) else ""
        return self.judged[address]

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


def _budget(state: StateInline, silent: bool) -> bool:
    """Count a mark. Once the budget is spent, take the rest of the line as text."""
    at, char = state.pos, state.src[state.pos]
    steps = STEPS_OF_LINK if char in "[<" else STEPS_OF_MARK
    if char in "*_~":
        # Each of a row of marks becomes a token of its own.
        end = at
        while end < state.posMax and state.src[end] == char:
            end += 1
        steps += end - at
    if budget_of(state.env).spend(steps) or char == "\n":
        return False
    line_end = state.src.find("\n", at, state.posMax)
    state.pos = line_end if line_end >= 0 else state.posMax
    if not silent:
        state.append_pending(state.src[at : state.pos])
    return True


def _address(state: StateInline, silent: bool) -> bool:
    """Make a link of an address, as it was typed."""
    address = cast(_State, state).addresses.get(state.pos)
    if address is None or state.linkLevel or address.end > state.posMax:
        return False
    href = cast(_State, state).judge(address.href)
    if not href:
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
