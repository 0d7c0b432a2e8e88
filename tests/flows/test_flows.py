"""The five flows, end to end over real HTTP and real sockets."""

from tests.factories import Person, Site


async def test_two_people_talk_and_both_see_all_of_it(site: Site) -> None:
    async with Person(site, "Ada") as ada, Person(site, "Ben") as ben:
        await ada.register()
        await ben.register()
        room = await ada.create_room("Garden")
        await ben.join(room)
        hers = await ada.stream(room, (await ada.page(room)).cursor)
        his = await ben.stream(room, (await ben.page(room)).cursor)
        for number in range(10):
            await ada.say(room, f"Ada {number}")
            await ben.say(room, f"Ben {number}")
        for stream in (hers, his):
            dom = await stream.until(lambda dom: len(dom.messages) == 20)
            assert dom.texts == [f"{who} {n}" for n in range(10) for who in ("Ada", "Ben")]
            assert dom.doubled == []
            await stream.until(lambda dom: dom.online == ["Ada", "Ben"])
        await hers.connection.send('{"type": "typing", "headers": {}}')
        await his.until(lambda dom: dom.typing == "Ada is typing…")
        await hers.close()
        await his.until(lambda dom: dom.online == ["Ben"])
        await his.until(lambda dom: dom.typing == "")
        await his.close()
