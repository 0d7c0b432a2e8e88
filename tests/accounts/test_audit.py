"""The log: every line once, in order, from however many processes, and never changed."""

import asyncio

from littlechat.accounts.audit import DETAIL_MAX, PAGE_LINES, AuditLog
from littlechat.accounts.schema import SETTINGS
from littlechat.platform.database import Database
from tests.tabs import ADA


async def test_lines_are_numbered_without_a_hole_whoever_writes_them(db: Database) -> None:
    logs = [AuditLog(db) for _ in range(3)]
    await asyncio.gather(*(logs[n % 3].note(ADA, "did", f"thing {n}") for n in range(30)))
    lines, older = await AuditLog(db).page()
    assert [line.number for line in lines] == list(range(30, 0, -1))
    assert {line.subject for line in lines} == {f"thing {n}" for n in range(30)}
    assert older is None


async def test_pages_follow_each_other_to_the_first_line(db: Database) -> None:
    audit = AuditLog(db)
    for number in range(1, PAGE_LINES * 2 + 11):
        await audit.note(ADA, "did", str(number))
    seen, before = [], None
    while True:
        lines, before = await audit.page(before)
        seen += [line.subject for line in lines]
        if before is None:
            break
    assert seen == [str(number) for number in range(PAGE_LINES * 2 + 10, 0, -1)]


async def test_a_known_end_that_lags_behind_hides_no_line(db: Database) -> None:
    audit = AuditLog(db)
    for number in range(1, 6):
        await audit.note(ADA, "did", str(number))
    await db[SETTINGS].update({"_id": "audit"}, {"$set": {"last": 1}})
    assert [line.subject for line in (await audit.page())[0]] == ["5", "4", "3", "2", "1"]
    await audit.note("littlechat --admin", "did", "6", "x" * 1_000)
    line = (await audit.page())[0][0]
    assert (line.number, line.actor, line.detail) == (6, "littlechat --admin", "x" * DETAIL_MAX)


async def test_an_empty_log_and_a_page_beyond_its_end(db: Database) -> None:
    assert await AuditLog(db).page() == ([], None)
    assert await AuditLog(db).page(10**15) == ([], None)


def test_nothing_changes_or_deletes_a_line() -> None:
    assert [name for name in vars(AuditLog) if not name.startswith("_")] == ["note", "page"]
