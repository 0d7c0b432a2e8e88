"""Blueprints."""

import pytest
from quart.wrappers import Request

from littlechat.server.blueprint_names import BlueprintNamesRequest


@pytest.mark.parametrize("endpoint", ["index", "rooms.show", "a.b.show"])
def test_blueprints_are_named_as_quart_names_them(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BlueprintNamesRequest, "endpoint", endpoint)
    monkeypatch.setattr(Request, "endpoint", endpoint)
    ours, theirs = BlueprintNamesRequest.__new__(BlueprintNamesRequest), Request.__new__(Request)
    assert ours.blueprints == theirs.blueprints
