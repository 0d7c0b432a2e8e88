"""Log lines of `key=value` pairs: a time, a level, a logger, what happened, and its particulars.

Never a message's text, a password or a token: callers pass ids, routes and numbers.
"""

import json
import logging
import sys
from datetime import UTC, datetime

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class KeyValueFormatter(logging.Formatter):
    """Writes a record and its `extra` on one line, and a traceback after it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
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
    """Send everything from `level` up to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyValueFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("pymongo", "asyncio", "hypercorn.error", "markdown_it"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _printable(text: str) -> str:
    # A newline or an escape sequence in what somebody sent, or in an error's text that repeats it,
    # must not look like a line of ours or move a terminal's cursor. Tracebacks are indented for it.
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _plain(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and text and " " not in text else json.dumps(text)
