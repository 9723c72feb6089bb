from __future__ import annotations

import pytest

from counter_street import NOW, hub_of
from meterhouse.model import HOUR, MINUTE, Event, Instant, UsageError
from meterhouse.store import CommandState, Database, NewCommand, SqlCommands, SqlCounters, SqlDeviceState, SqlEvents


@pytest.fixture
def database():
    with Database("sqlite://") as opened:
        yield opened


def order(number=0, due=NOW, request=None, hub=0):
    return NewCommand(hub_of(hub), "token.deliver", {"n": number}, due, Instant(NOW + HOUR), request)


def claim(database, at=NOW, **more):
    return database.run(lambda tx: SqlCommands(tx).claim(at, lease=MINUTE, **more))


def put(database, *orders):
    database.run(lambda tx: [SqlCommands(tx).enqueue(one) for one in orders])


def test_orders_are_claimed_oldest_due_first_and_by_one_only(database):
    put(database, order(1, Instant(NOW + 5)), order(2), order(3, Instant(NOW + HOUR // 2)))
    assert [one.payload["n"] for one in claim(database, Instant(NOW + 10))] == [2, 1]
    assert claim(database, Instant(NOW + 10)) == ()


def test_a_batch_is_no_larger_than_asked_and_may_be_for_one_hub(database):
    put(database, *[order(number, hub=number % 2) for number in range(6)])
    assert [one.payload["n"] for one in claim(database, hub=hub_of(1), limit=2)] == [1, 3]


def test_an_order_whose_lease_ran_out_is_due_again(database):
    put(database, order())
    (first,) = claim(database)
    (again,) = claim(database, Instant(NOW + MINUTE))
    assert (first.command_id, first.attempts, again.attempts) == (again.command_id, 1, 2)


def test_every_order_ends_and_an_end_is_never_changed(database):
    put(database, order(1), order(2), order(3))
    ids = [one.command_id for one in claim(database)]
    assert database.run(lambda tx: SqlCommands(tx).complete(ids[0]))
    assert database.run(lambda tx: SqlCommands(tx).refuse(ids[1], "used"))
    assert not database.run(lambda tx: SqlCommands(tx).refuse(ids[0], "late"))
    over = Instant(NOW + HOUR)
    assert claim(database, over) == ()
    (expired,) = database.run(lambda tx: SqlCommands(tx).expire(over))
    assert not database.run(lambda tx: SqlCommands(tx).complete(expired.command_id))
    states = [database.read(lambda tx, one=one: SqlCommands(tx).get(one)) for one in ids]
    assert [(one.state, bool(one.reason)) for one in states] == [
        (CommandState.DONE, False),
        (CommandState.REFUSED, True),
        (CommandState.EXPIRED, True),
    ]
    assert database.read(lambda tx: SqlCommands(tx).open()) == ()


def test_a_postponed_order_is_due_later(database):
    put(database, order())
    (one,) = claim(database)
    database.run(lambda tx: SqlCommands(tx).postpone(one.command_id, Instant(NOW + 2 * MINUTE)))
    assert claim(database, Instant(NOW + MINUTE)) == ()
    assert len(claim(database, Instant(NOW + 2 * MINUTE))) == 1


def test_an_order_with_a_name_is_queued_once(database):
    put(database, order(1, request="x"), order(2, request="x"), order(3))
    assert [one.payload["n"] for one in claim(database)] == [1, 3]


@pytest.mark.parametrize(("end", "reason"), [(CommandState.QUEUED, "x"), (CommandState.REFUSED, "")])
def test_an_order_ends_only_in_an_end_and_is_refused_only_with_a_reason(database, end, reason):
    with pytest.raises(UsageError):
        database.run(lambda tx: SqlCommands(tx).finish(1, end, reason))


def test_counters_only_rise_and_no_value_is_given_twice(database):
    blocks = [database.run(lambda tx: SqlCounters(tx).reserve("ic", 100)) for _ in range(3)]
    assert [value for block in blocks for value in block] == list(range(300))
    database.run(lambda tx: SqlCounters(tx).raise_to("ic", 5))
    assert database.run(lambda tx: SqlCounters(tx).reserve("ic", 1)) == range(300, 301)
    assert database.run(lambda tx: SqlCounters(tx).reserve("ic", 10, floor=1000)) == range(1000, 1010)
    assert database.run(lambda tx: SqlCounters(tx).reserve("ic", 1, floor=7)) == range(1010, 1011)
    with pytest.raises(UsageError):
        database.run(lambda tx: SqlCounters(tx).reserve("ic", 0))


def test_a_counter_is_not_lowered_by_a_new_start(tmp_path):
    url = f"sqlite:///{tmp_path / 'house.db'}"
    with Database(url) as database:
        database.run(lambda tx: SqlCounters(tx).reserve("ic", 1000))
    with Database(url) as database:
        assert database.run(lambda tx: SqlCounters(tx).reserve("ic", 1000)) == range(1000, 2000)


def test_snapshots_are_replaced(database):
    for turn in range(2):
        database.run(lambda tx, turn=turn: SqlDeviceState(tx).save("hub", {"turn": turn}, NOW))
    assert database.read(lambda tx: SqlDeviceState(tx).load("hub")) == {"turn": 1}
    assert database.read(lambda tx: SqlDeviceState(tx).load("none")) is None


def test_events_are_bounded_and_read_back_as_they_were(database):
    happened = [Event(NOW, f"hub{number % 2}", "x.y", {"n": number, "raw": b"\1\2"}) for number in range(10)]
    database.run(lambda tx: SqlEvents(tx, kept=4).append(happened))
    assert database.read(lambda tx: SqlEvents(tx).newest(99)) == tuple(reversed(happened[6:]))
    assert database.read(lambda tx: SqlEvents(tx).newest(1, "hub0")) == (happened[8],)
