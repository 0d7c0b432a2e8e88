"""How lines make quotes and lists, where that departs from CommonMark.

A line belongs to a quote only if it is marked so, and to a list only if it is marked or indented.
A list keeps its numbers.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.parser_block import RuleFuncBlockType
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.rules_core import StateCore

from littlechat.text.fences import fence, fence_after_text, line_of, push_paragraph
from littlechat.text.inline import budget_of

BLOCK_LEVELS = 8
"""Deeper quotes and lists stay plain text. markdown-it would drop what is below its maxNesting."""

_UNLISTED = re.compile(r"(?:0\d+|\d{5,})[.)](?:\s|$)")
"""Numbers that a list would change, and such as do not fit before its items."""


def add_rules(parser: MarkdownIt) -> None:
    """Let `parser` read quotes, lists and code in our way."""
    rules = parser.block.ruler
    parser.enable("code fence blockquote list".split())
    rules.at("fence", fence, {"alt": ["paragraph", "blockquote", "list"]})
    rules.at("blockquote", _shallow(blockquote), {"alt": ["paragraph", "blockquote", "list"]})
    rules.at("list", _shallow(_list), {"alt": ["paragraph", "blockquote"]})
    # After quotes and lists, whose marks are no text before the code.
    rules.before("paragraph", "fence_after_text", fence_after_text, {"alt": ["paragraph"]})
    # Before all others: without a budget they are not asked.
    rules.before(rules.get_all_rules()[0], "budget", _budget)
    parser.enable("budget")
    # These begin nothing: they only end what is before them, when asked in silence.
    rules.before("paragraph", "unmarked", _unmarked, {"alt": ["blockquote"]})
    rules.before("paragraph", "outdented", _outdented, {"alt": ["paragraph"]})
    rules.before("paragraph", "unlisted", _unlisted, {"alt": ["list"]})
    parser.core.ruler.after("block", "numbers", _keep_numbers)


def _budget(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Count a block. Once the budget is spent, what follows is one paragraph as it was typed."""
    budget = budget_of(state.env)
    if silent:
        return False
    budget.blocks -= 1
    if budget.blocks >= 0:
        return False
    push_paragraph(state, start, end, state.getLines(start, end, state.blkIndent, False))
    state.line = end
    return True


def _shallow(rule: RuleFuncBlockType) -> RuleFuncBlockType:
    return lambda state, start, end, silent: (
        state.level < BLOCK_LEVELS and rule(state, start, end, silent)
    )


def _unmarked(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """End a quote before a line without its mark."""
    return silent


def _outdented(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """End a list's paragraph before a line that stands no further in than the list itself."""
    return silent and 0 <= state.sCount[start] <= state.listIndent


def _unlisted(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """End a list before a number that it cannot show as it was typed."""
    if budget_of(state.env).blocks <= 0:
        return silent
    return silent and _UNLISTED.match(line_of(state, start)) is not None


def _list(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    return not _unlisted(state, start, end, True) and list_block(state, start, end, silent)


def _keep_numbers(state: StateCore) -> None:
    """Give each item of a list the number that was typed before it."""
    numbers: list[int] = []
    for token in state.tokens:
        if token.type == "ordered_list_open":
            numbers.append(int(token.attrs.get("start", 1)))
        elif token.type == "ordered_list_close":
            numbers.pop()
        elif token.type == "list_item_open" and token.info:
            if (number := int(token.info)) != numbers[-1]:
                token.attrs["value"] = number
            numbers[-1] = number + 1
