"""A room's page in a browser: opening it, writing in it, and looking at what it shows."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import BrowserContext, Page, expect

from littlechat.core.messages import Draft
from tests.factories import PASSWORD, Person, Site

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE = {"width": 390, "height": 844}

Open = Callable[..., Awaitable[Page]]


async def register(page: Page, url: str, name: str) -> None:
    await page.goto(f"{url}/register")
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/rooms")


async def enter(page: Page, person: Person, room: str) -> None:
    """Go to a room in a page that has the person's cookies."""
    await copy_cookies(person, page.context)
    await page.goto(f"{person.url}/rooms/{room}")
    await live(page)


async def live(page: Page) -> None:
    """Wait until the page's scripts run and its socket is open: it is then told who is online.

    Who was in the room a moment ago stands in the page as it comes.
    """
    await page.wait_for_load_state()
    await page.wait_for_function("() => window.greeted")
    me = await page.locator("body").get_attribute("data-me")
    await expect(page.locator(f'#online [data-user="{me}"]')).to_have_count(1)


async def lose_connection(page: Page) -> None:
    """Take a page off the network, and its socket from it."""
    await page.context.set_offline(True)
    await page.evaluate("document.dispatchEvent(new Event('littlechat:reconnect'))")
    await expect(page.locator("#connection")).to_contain_text("Connection lost")


async def send(page: Page, text: str) -> None:
    """Send by Enter, or by the button where Enter breaks the line."""
    field = page.locator("#body")
    await field.fill(text)
    if await field.evaluate("field => field.enterKeyHint") == "enter":
        await page.locator("#composer").get_by_role("button", name="Send").click()
    else:
        await field.press("Enter")


async def act(page: Page, message: str, name: str) -> None:
    """Choose something from a message's toolbar, or from the menu behind it."""
    item = page.locator(message)
    await item.hover()
    if name in ("React…", "Reply") or name.startswith("React with"):
        await item.get_by_role("button", name=name, exact=True).click()
        return
    await item.get_by_role("button", name="What to do with this message").click()
    await page.get_by_role("menuitem", name=name).click()


async def confirm(page: Page) -> None:
    """Answer the question before an act that cannot be undone with yes."""
    await page.locator("dialog.question button.danger").click()


async def shown(page: Page) -> list[tuple[str, str]]:
    """Return the messages of a page: id and text, in their order."""
    script = "list => list.map(one => [one.id, one.querySelector('.message-body').textContent])"
    found = await page.locator("#messages > .message").evaluate_all(script)
    return [(str(one), str(text)) for one, text in found]


async def fill(site: Site, room: str, *names: str, count: int) -> None:
    """Let people talk in turn, without the pace that people are held to."""
    users = [await site.services.accounts.users.find(name) for name in names]
    for number in range(1, count + 1):
        user = users[number % len(users)]
        assert user
        await site.services.actions.messages.say(
            room, user, Draft(f"message {number}\n\nof some height", "")
        )


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what is called `name`, and see that the focus shows."""
    focused = "(document.activeElement.ariaLabel ?? document.activeElement.textContent).trim()"
    for _ in range(40):
        await page.keyboard.press("Tab")
        if str(await page.evaluate(focused)) == name:
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert await page.evaluate(outline) != "none"
            return
    raise AssertionError(f"{name} cannot be reached")


async def copy_cookies(person: Person, context: BrowserContext) -> None:
    await context.add_cookies(
        [
            {"name": one.name, "value": one.value or "", "url": person.url}
            for one in person.http.cookies.jar
        ]
    )


async def assert_accessible(page: Page, within: str = "html") -> None:
    await page.evaluate(AXE.read_text())
    options = {"runOnly": {"type": "tag", "values": AXE_TAGS}}
    script = "([within, options]) => axe.run(within, options)"
    found = await page.evaluate(script, [within, options])
    assert found["passes"], "axe looked at nothing"
    told = [
        (one["id"], one["help"], [node["html"][:200] for node in one["nodes"]])
        for one in found["violations"]
    ]
    assert told == [], page.url
