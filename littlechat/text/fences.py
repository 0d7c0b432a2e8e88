"""How a block of code begins and ends: wherever its marks stand, and with no text lost.

CommonMark takes any text behind the opening marks for the name of a language, and closing marks
only alone on a line; a chat's people write otherwise.
"""

import re

from markdown_it.rules_block import StateBlock

from littlechat.text.code import is_language

_FENCE = re.compile(r"(?P<marks>`{3,}|~{3,})(?P<info>.*)")
_FENCE_AFTER_TEXT = re.compile(
    r"(?!```)(?P<before>[^`]*(?:`{1,2}[^`]+)*)(?P<marks>`{3,})(?P<info>.*)"
)


def line_of(state: StateBlock, number: int) -> str:
    """Return a line without the marks and blanks of what it stands in."""
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take a block of code between two rows of three or more backticks or tildes.

    Beyond CommonMark, text may stand before and behind the second.
    """
    opening = None if state.is_code_block(start) else _FENCE.fullmatch(line_of(state, start))
    if opening is None or not _opens(opening):
        return False
    if not silent:
        closing = _closing(state, start + 1, end, opening["marks"])
        _push_code(state, start, end, opening, closing)
    return True


def fence_after_text(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take a block of code that begins at the end of a line of text, if it ends as well."""
    line = line_of(state, start)
    opening = _FENCE_AFTER_TEXT.fullmatch(line) if "```" in line else None
    if opening is None or not _opens(opening):
        return False
    if (info := opening["info"].strip()) and not is_language(info):
        return False
    closing = _closing_once(state, start + 1, end, opening["marks"])
    if closing and not silent:
        push_paragraph(state, start, start + 1, opening["before"])
        _push_code(state, start, end, opening, closing)
    return closing is not None


def _opens(match: re.Match[str]) -> bool:
    """Whether the marks open a block of code: not if the same line closes it again."""
    marks, info = match["marks"], match["info"]
    return "`" not in info if marks[0] == "`" else "~~~" not in info


_Closing = tuple[int, int, int]
"""The number of a line, and where in the source the closing marks begin and end."""


def _closing_once(state: StateBlock, line: int, end: int, marks: str) -> _Closing | None:
    """Return what `_closing` does; where it finds nothing, it is not asked again further down."""
    key, unclosed = (marks, end, state.blkIndent), state.env.setdefault("unclosed", set())
    closing = None if key in unclosed else _closing(state, line, end, marks)
    if closing is None:
        unclosed.add(key)
    return closing


def _closing(state: StateBlock, line: int, end: int, marks: str) -> _Closing | None:
    row = re.compile(rf"(?<!{marks[0]}){marks[0]}{{{len(marks)},}}")
    while line < end:
        text, at = line_of(state, line), state.bMarks[line] + state.tShift[line]
        if text and state.sCount[line] < state.blkIndent:
            return None
        if not state.is_code_block(line) and (match := _closing_in(row, text, len(marks))):
            return line, at + match.start(), at + match.end()
        line += 1
    return None


def _closing_in(row: re.Pattern[str], text: str, length: int) -> re.Match[str] | None:
    """Return the marks that close a block of code in a line, if it has any."""
    found = list(row.finditer(text))
    if len(found) % 2 == 0:
        return None  # What is within a line is code in a line.
    first, rest = found[0], text[found[0].end() :]
    if not rest.strip() and not text[: first.start()].strip():
        return first
    return first if len(first[0]) == length and not rest[:1].isalnum() else None


def _push_code(
    state: StateBlock, start: int, end: int, opening: re.Match[str], closing: _Closing | None
) -> None:
    last = closing[0] if closing else _container_end(state, start, end)
    indent = state.sCount[start]
    content = state.getLines(start + 1, last, indent, True)
    if closing and (text := state.src[state.bMarks[last] + state.tShift[last] : closing[1]]):
        blanks = max(state.sCount[last] - indent, 0)
        content += " " * blanks + text + "\n"
    token = state.push("fence", "code", 0)
    token.info, token.content = _with_first_line(opening["info"].strip(), content)
    token.markup, token.map = opening["marks"], [start, last]
    if not closing and not token.content.strip():
        token.content = opening["marks"]  # Nothing followed: the marks were what was said.
    state.line = last + (_follows(state, closing) if closing else 0)


def push_paragraph(state: StateBlock, start: int, end: int, text: str) -> None:
    """Make a paragraph of a text that stands in the lines from `start` up to `end`."""
    state.push("paragraph_open", "p", 1).map = [start, end]
    token = state.push("inline", "", 0)
    token.content, token.map, token.children = text.strip(), [start, end], []
    state.push("paragraph_close", "p", -1)


def _container_end(state: StateBlock, start: int, end: int) -> int:
    """Return the first line after `start` that the code cannot belong to."""
    for line in range(start + 1, end):
        if line_of(state, line) and state.sCount[line] < state.blkIndent:
            return line
    return end


def _with_first_line(info: str, content: str) -> tuple[str, str]:
    """Return the language and the code: what names no language is the first line of the code."""
    if info and (not is_language(info) or not content.strip()):
        return "", f"{info}\n{content}"
    return info, content


def _follows(state: StateBlock, closing: _Closing) -> int:
    """Let text behind the closing marks begin a block; return how many lines are done."""
    line, _, at = closing
    rest = state.src[at : state.eMarks[line]]
    if not rest.strip():
        return 1
    state.bMarks[line] = at
    state.tShift[line] = len(rest) - len(rest.lstrip())
    state.sCount[line] = state.blkIndent
    return 0
