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
        # A newline in what a library logs must not look like a line of ours.
        text = record.getMessage().replace("\n", "\\n")
        line = f"{moment.replace('+00:00', 'Z')} {record.levelname} {record.name}: {text}{pairs}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure(level: str) -> None:
    """Send everything from `level` up to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyValueFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("pymongo", "asyncio", "hypercorn.error", "markdown_it"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _plain(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and text and " " not in text else json.dumps(text)
