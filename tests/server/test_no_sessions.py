"""There are no sessions but ours."""

import pytest
from quart import session

from littlechat.server import Application


async def test_a_handler_can_put_nothing_into_a_session() -> None:
    app = Application(__name__)
    app.secret_key = "a key that only this test knows"

    @app.get("/")
    async def put() -> str:
        with pytest.raises(RuntimeError):
            session["name"] = "Ada"
        return str(len(session))

    client = app.test_client()
    client.set_cookie("localhost", "session", "anything")
    answer = await client.get("/")
    assert await answer.get_data(as_text=True) == "0"
    assert "Set-Cookie" not in answer.headers
