"""Silence is counted in beats that were due here, for this process and for the others."""

from littlechat.platform.heartbeat import (
    PEER_GONE_BEATS,
    PEER_SILENT_BEATS,
    SILENT_BEATS,
    Heartbeat,
)


def test_a_process_is_silent_after_as_many_beats_as_it_did_not_hear() -> None:
    heartbeat = Heartbeat("own")
    for _ in range(SILENT_BEATS - 1):
        heartbeat.tick()
    assert not heartbeat.is_silent()
    heartbeat.hear("another")
    heartbeat.tick()
    assert heartbeat.is_silent()
    heartbeat.hear("own")
    assert not heartbeat.is_silent()


def test_a_peer_that_falls_silent_is_told_once_and_counted_until_it_is_taken_to_be_dead() -> None:
    heartbeat = Heartbeat("own")
    heartbeat.hear("another")
    told = [heartbeat.tick() for _ in range(PEER_GONE_BEATS)]
    assert [beat for beat, peers in enumerate(told, 1) if peers] == [PEER_SILENT_BEATS]
    assert heartbeat.count_silent_peers() == 1
    heartbeat.tick()
    assert heartbeat.count_silent_peers() == 0


def test_a_peer_that_says_farewell_or_is_heard_again_is_not_missed() -> None:
    heartbeat = Heartbeat("own")
    for peer in ("leaving", "staying"):
        heartbeat.hear(peer)
    for _ in range(PEER_SILENT_BEATS):
        heartbeat.tick()
    assert heartbeat.count_silent_peers() == 2
    heartbeat.hear("leaving", leaving=True)
    heartbeat.hear("staying")
    assert heartbeat.count_silent_peers() == 0


def test_a_new_connection_begins_to_count_anew() -> None:
    heartbeat = Heartbeat("own")
    heartbeat.hear("another")
    for _ in range(PEER_SILENT_BEATS):
        heartbeat.tick()
    heartbeat.begin()
    assert not heartbeat.is_silent()
    assert heartbeat.count_silent_peers() == 0
