"""A log line is one line, says when and what, and never what people wrote."""

import ast
import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.platform.logs import KeyValueFormatter, configure

PACKAGE = Path(__file__).parents[2] / "littlechat"
TELLTALE = re.compile(r"body|html|password|token|secret|cookie|(^|_)(text|frame|form)$")
LEVELS = "debug info warning error exception critical log".split()
START = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ [\w.]+: ")


def line(text: str, *values: object, error: BaseException | None = None, **extra: object) -> str:
    exc_info = (type(error), error, error.__traceback__) if error else None
    record = logging.makeLogRecord(
        {
            "name": "littlechat.test",
            "levelname": "INFO",
            "msg": text,
            "args": values,
            "created": 1_700_000_000.25,
            "exc_info": exc_info,
        }
        | extra
    )
    return KeyValueFormatter().format(record)


def test_line_has_time_level_logger_and_message() -> None:
    assert line("sent %d frames", 3) == (
        "2023-11-14T22:13:20.250Z INFO littlechat.test: sent 3 frames"
    )


def test_extra_fields_follow_as_pairs() -> None:
    assert line("request", route="/rooms/<room>", ms=1.5, user=None).endswith(
        ": request route=/rooms/<room> ms=1.5 user=None"
    )


def test_value_with_a_space_or_nothing_in_it_is_quoted() -> None:
    assert line("x", a="b c", d="").endswith(': x a="b c" d=""')


@given(st.text(max_size=50), st.text(max_size=50))
def test_no_text_or_value_makes_a_second_line_or_moves_the_cursor(text: str, value: str) -> None:
    written = line("%s", text, key=value)
    assert len(written.splitlines()) == 1
    assert written.isprintable()


@given(st.text(max_size=80))
def test_no_error_text_looks_like_a_line_of_ours(text: str) -> None:
    forged = f"{text}\n2023-11-14T22:13:20.250Z INFO littlechat: forged\r\x1b[2K"
    written = line("failed", error=ValueError(forged))
    first, *rest = re.split(r"[\r\n]", written)
    assert START.match(first)
    assert rest
    assert not any(START.match(one) for one in rest)
    assert "\x1b" not in written


def test_traceback_is_logged_with_its_file() -> None:
    with pytest.raises(ValueError, match="invalid literal") as raised:
        int("no number")
    written = line("failed", error=raised.value)
    assert __file__ in written
    assert "ValueError: invalid literal" in written


@contextmanager
def own_logging() -> Iterator[io.StringIO]:
    """Give back pytest's logging afterwards."""
    names = (None, "pymongo", "asyncio", "hypercorn.error", "markdown_it")
    levels = {name: logging.getLogger(name).level for name in names}
    handlers = logging.root.handlers[:]
    logging.root.handlers[:] = []
    try:
        with redirect_stderr(io.StringIO()) as written:
            yield written
    finally:
        logging.root.handlers[:] = handlers
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@pytest.mark.parametrize(("level", "lines"), [("DEBUG", 3), ("INFO", 2), ("ERROR", 1)])
def test_what_is_below_the_level_is_not_written(level: str, lines: int) -> None:
    with own_logging() as written:
        configure(level)
        for each in (logging.DEBUG, logging.INFO, logging.ERROR):
            logging.getLogger("littlechat.test").log(each, "said")
    assert len(written.getvalue().splitlines()) == lines


def test_verbose_libraries_log_warnings_and_errors_only() -> None:
    with own_logging() as written:
        configure("DEBUG")
        logging.getLogger("pymongo").info("a command with everything in it")
        logging.getLogger("pymongo").warning("slow")
    assert [one.rpartition(": ")[2] for one in written.getvalue().splitlines()] == ["slow"]


def log_calls(source: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("log" | "logging"), attr=level)):
                if level in LEVELS:
                    yield node


def faults(source: str) -> list[str]:
    """Return what a log call in `source` may give away."""
    found = []
    for call in log_calls(source):
        if not (call.args and isinstance(call.args[0], ast.Constant)):
            found.append(f"line {call.lineno}: not a fixed sentence")
        for node in ast.walk(call):
            names = [getattr(node, "id", ""), getattr(node, "attr", "")]
            if isinstance(node, ast.Constant) and node not in call.args[:1]:
                names.append(str(node.value))
            found += [f"line {call.lineno}: {name}" for name in names if TELLTALE.search(name)]
    return found


def test_no_module_logs_a_text_a_password_or_a_token() -> None:
    found = {path: faults(path.read_text()) for path in PACKAGE.rglob("*.py")}
    assert found
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_a_log_call_with_such_a_value_is_found() -> None:
    for call in (
        'log.info("said", extra={"what": message.body})',
        'log.info("said", extra={"body": words})',
        'log.info("%s", token)',
        "log.error(sentence)",
        'log.info(f"said {words}")',
    ):
        assert faults(call), call
    assert faults('log.info("sent", extra={"room": room_id, "n": len(frames)})') == []


def test_standard_error_is_where_lines_go() -> None:
    with own_logging() as written:
        configure("INFO")
        assert logging.root.handlers
        handler = logging.root.handlers[0]
        assert isinstance(handler, logging.StreamHandler)
        assert handler.stream is written  # stands in for sys.stderr
