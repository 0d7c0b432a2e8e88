"""Blocks of code as HTML, coloured where their language is known and time allows.

Colours cost bounded time, and no character of the code is ever lost for them.
"""

import html
import logging
import time
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain, groupby
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments.lexers import get_all_lexers, get_lexer_by_name
from pygments.token import STANDARD_TYPES

_LOG = logging.getLogger(__name__)

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
"""Languages that are coloured, by the names that people write behind the opening marks."""

CODE_CLASSES = frozenset("c gd gh gi k kt m na nb nc nd nf nt nv o s se".split())
"""Pygments' short classes that messages/code.css colours; other tokens take their parent's."""


@cache
def _names() -> frozenset[str]:
    """Return all names of languages, most of which are not coloured."""
    known = chain.from_iterable(aliases for _, aliases, _, _ in get_all_lexers(plugins=False))
    return LANGUAGES.union(name.lower() for name in known)


def is_language(word: str) -> bool:
    """Whether the text behind the marks of a block of code names its language."""
    return word.lower() in _names()


def render_code(
    _: RendererHTML, tokens: Sequence[Token], index: int, __: OptionsDict, env: EnvType
) -> str:
    """Return a block of code as HTML; `env` keeps what the message has spent on colours."""
    code, name = tokens[index].content, tokens[index].info
    language = name.lower()
    label = f' data-language="{html.escape(name)}"' if name else ""
    if language not in LANGUAGES:
        return f"<pre{label}><code>{html.escape(code)}</code></pre>\n"
    coloured = env.setdefault("budget", Budget()).colour(code, language)
    return f'<pre{label}><code class="language-{language}">{coloured}</code></pre>\n'


class Budget:
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
