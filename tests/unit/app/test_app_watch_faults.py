"""A data folder that fails for a while stops neither the watch over a street nor the signing daemon's door."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from fakes.sealed_street import trust_folder
from meterhouse.app import sign_daemon
from meterhouse.app.sign_daemon import serve_signing
from meterhouse.model import HOUR, MINUTE, Instant, StorageError
from sealed_world import sealed_world


def test_what_fails_in_the_watch_is_told_in_a_sentence_and_keeps_nothing_else_back(tmp_path, monkeypatch):
    trust = trust_folder(tmp_path / "trust")
    (tmp_path / "data").mkdir()
    with sealed_world(tmp_path / "data", trust) as town:
        town.run(5 * MINUTE)
        alarms, full = [], StorageError("the disk is full; nothing was stored")

        def fail(*_about):
            raise full

        monkeypatch.setattr(town.sealed.centre, "readmit", fail)
        monkeypatch.setattr(town.sealed.centre, "watch", alarms.append)
        at = Instant(town.world.now + 2 * HOUR)
        town.sealed.watch(at)
        assert alarms == [at]
        monkeypatch.setattr(town.sealed.centre, "watch", fail)
        town.sealed.watch(Instant(at + HOUR))
        monkeypatch.undo()
        monkeypatch.setattr(town.sealed.centre, "watch", alarms.append)
        town.sealed.watch(Instant(at + HOUR + MINUTE))
        assert len(alarms) == 2, "an alarm that failed is raised at the next look, not an hour later"
        town.run(2 * HOUR)
        told = [event.fields["why"] for event in town.events if event.kind == "watch.held"]
        assert told == [full.sentence()] * 3


@pytest.mark.asyncio
async def test_callers_that_say_nothing_do_not_keep_the_signing_daemon_from_others(tmp_path, monkeypatch):
    monkeypatch.setattr(sign_daemon, "_PATIENCE_S", 0.3)

    class Daemon:
        def answer_line(self, line: bytes) -> bytes:
            return line

    path = tmp_path / "s"
    server = await serve_signing(Daemon(), path)  # type: ignore[arg-type]
    mute = [await asyncio.open_unix_connection(path) for _ in range(sign_daemon._CONNECTIONS)]
    try:
        for _ in range(50):
            reader, writer = await asyncio.open_unix_connection(path)
            answer = b""
            with suppress(ConnectionError):
                writer.write(b"hello\n")
                answer = await reader.readline()
            writer.close()
            if answer:
                break
            await asyncio.sleep(0.1)
        assert answer == b"hello\n"
    finally:
        for _, writer in mute:
            writer.close()
        server.close()
