"""Logging as lines of a time, a level, a logger, a message and `key=value` pairs.

Callers must log ids, routes and numbers only: never the text of a message, a password or a token.
"""

import json
import logging
import sys
from datetime import UTC, datetime

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class KeyValueFormatter(logging.Formatter):
    """Formats a record and its `extra` as one line, followed by its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line, and the indented lines of its traceback."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        pairs = "".join(
            f" {key}={_plain(value)}" for key, value in vars(record).items() if key not in STANDARD
        )
        text = _printable(record.getMessage())
        line = f"{moment.replace('+00:00', 'Z')} {record.levelname} {record.name}: {text}{pairs}"
        if not record.exc_info:
            return line
        trace = self.formatException(record.exc_info).splitlines()
        return "\n".join([line, *(f"  {_printable(one)}" for one in trace)])


def configure(level: str) -> None:
    """Log everything from `level` up to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyValueFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for verbose in ("pymongo", "asyncio", "hypercorn.error", "markdown_it"):
        logging.getLogger(verbose).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _printable(text: str) -> str:
    # Input, and errors that quote it, may contain newlines and escape sequences, which could forge
    # a log line or control the terminal. For the same reason tracebacks are indented.
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _plain(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and text and " " not in text else json.dumps(text)
