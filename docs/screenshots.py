"""Takes the pictures for the README from a running littlechat, of an invented team's morning.

    python docs/screenshots.py http://127.0.0.1:8000 docs/img

It registers the cast and posts their conversation where they are not there yet, so it can be run
again. Meant for a fresh installation: what others have said there would be in the picture.
"""

import re
import sys
import time
from pathlib import Path

from playwright.sync_api import APIRequestContext, APIResponse, Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
WAIT_MS = 10_000

PASSWORD = "a quiet morning by the sea"  # noqa: S105 - the invented people's, not a secret
CAST = ("Ada", "Ben", "Cleo", "Dan")
ROOMS = {
    "Workshop": ("Ada", "What we are building, and what broke"),
    "Kitchen table": ("Cleo", "Lunch, birthdays, the plants"),
    "Reading": ("Ben", "One book a month, no homework"),
    "Night watch": ("Ada", "Who is on call, and how it went"),
}
STAGE = "Workshop"
TALK = (
    (
        "Ben",
        "Morning! The nightly import finished at **04:12**, for the first time without a retry.",
    ),
    ("Cleo", "Wonderful. What was it in the end?"),
    ("Ben", "We asked for the highest number and then counted on. Two writers, one number."),
    (
        "Ben",
        "Now the index says no, and we ask again:\n\n"
        "```python\n"
        "async def claim(room: str) -> int:\n"
        "    while True:\n"
        "        seq = await highest(room) + 1\n"
        "        try:\n"
        "            return await insert(room, seq)  # unique: one wins\n"
        "        except Duplicate:\n"
        "            continue\n"
        "```",
    ),
    ("Ada", "> Two writers, one number\n\nThe oldest story there is. Nicely told, though."),
    (
        "Ada",
        "Left for today:\n\n"
        "- write down *why*, in `docs/architecture.md`\n"
        "- a test with two processes\n"
        "- cake",
    ),
    ("Cleo", "I can take the test. And the cake 🍰"),
    ("Dan", "שבת שלום לכולם, נתראה ביום ראשון"),
    ("Cleo", "You too, Dan. Notes from the call: https://notes.example/2026/import"),
)


def main() -> None:
    """Make the conversation, then the pictures."""
    base, out = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        people = {
            name: playwright.request.new_context(base_url=base, max_redirects=0) for name in CAST
        }
        for name, person in people.items():
            enter(person, name)
        rooms = {
            name: open_room(people[manager], name, about)
            for name, (manager, about) in ROOMS.items()
        }
        for name in CAST:
            post(people[name], f"/rooms/{rooms[STAGE]}/join")
        for room in ("Kitchen table", "Night watch"):
            post(people["Ada"], f"/rooms/{rooms[room]}/join")
        for number, (name, body) in enumerate(TALK):
            form = {"body": body, "client_id": f"screenshot-{number}"}
            post(people[name], f"/rooms/{rooms[STAGE]}/messages", form)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        shoot(browser, base, f"/rooms/{rooms[STAGE]}", out)
        browser.close()


def post(person: APIRequestContext, path: str, form: dict[str, str] | None = None) -> APIResponse:
    """Post a form as a browser does, and once more when told to wait."""
    for _ in range(20):
        answer = person.post(path, form=form or {})
        if answer.status != 429:
            return answer
        time.sleep(float(answer.headers.get("retry-after", "1")))
    raise SystemExit(f"{path} kept answering 429; start the server with RATE_LIMITS=off")


def enter(person: APIRequestContext, name: str) -> None:
    """Log in, or register."""
    account = {"username": name, "password": PASSWORD}
    if post(person, "/login", account).status != 303:
        answer = post(person, "/register", account)
        if answer.status != 303:
            raise SystemExit(f"{name} could neither log in nor register: {answer.status}")


def open_room(person: APIRequestContext, name: str, about: str) -> str:
    """Return the id of the room of this name, made if need be."""
    form = {"name": name, "description": about, "visibility": "public"}
    answer = post(person, "/rooms", form)
    if answer.status == 303:
        return answer.headers["location"].rsplit("/", 1)[1]
    listed = person.get("/rooms", params={"search": name}).text()
    found = re.search(r'href="/rooms/([^"/]+)">(?:(?!</a>).)*?<strong[^>]*>' + name, listed, re.S)
    if not found:
        raise SystemExit(f"the room {name} could not be made: {answer.status}")
    return found[1]


def shoot(browser: Browser, base: str, room: str, out: Path) -> None:
    """Take every picture, while two others are in the room and one of them types."""
    visitor = browser.new_page(base_url=base, viewport=DESK, color_scheme="light")
    visitor.goto("/login")
    visitor.wait_for_timeout(1_500)  # The greeting arrives line by line.
    visitor.screenshot(path=out / "login.png")
    others = [signed_in(browser, base, name) for name in ("Ben", "Cleo")]
    for other in others:
        other.goto(room)
    looks = {
        "chat-light": signed_in(browser, base, "Ada"),
        "chat-dark": signed_in(browser, base, "Ada", scheme="dark"),
        "phone": signed_in(browser, base, "Ada", PHONE),
    }
    looks["chat-light"].screenshot(path=out / "rooms.png")
    for page in looks.values():
        page.goto(room)
        page.locator("#online [data-user=Cleo]").wait_for(state="attached", timeout=WAIT_MS)
    others[1].locator("#body").press_sequentially("Lemon or ")
    for name, page in looks.items():
        page.locator("#typing.active").wait_for(timeout=WAIT_MS)
        page.screenshot(path=out / f"{name}.png")


def signed_in(
    browser: Browser, base: str, name: str, size: dict[str, int] = DESK, scheme: str = "light"
) -> Page:
    """Return a page of a browser in which this person has logged in."""
    page = browser.new_page(base_url=base, viewport=size, color_scheme=scheme)
    page.goto("/login")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.click("button.primary")
    page.wait_for_url("**/rooms")
    return page


if __name__ == "__main__":
    main()
