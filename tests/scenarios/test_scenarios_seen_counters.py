"""A street is killed between two checkpoints: nobody believes a message of the lost hours again, and all go on."""

from __future__ import annotations

import pytest
from test_scenarios_power_loss import HUB, living

from meterhouse.app.books import Books
from meterhouse.app.caught_up import seen_name, sent_name
from meterhouse.companion import objects
from meterhouse.model import DAY, HALF_HOUR, ConfigurationError, Instant, Money
from meterhouse.store import Database, DataFolder, SqlCounters, SqlDeviceState, back_up, restore
from meterhouse.supplier.vending import MemoryKeyStore, StsService

ELECTRICITY = "home/01/electricity"
GAS = "gas_meter/"


def heard(site):
    """What hub and meter have believed of head end and each other."""
    hub, meter = site.hub.state()["counters"], site.electricity.state()["seen"]
    return {
        "hub of head end": hub["head_end_seen"],
        "hub of meter": hub["meter_seen"],
        "meter of hub": meter[str(objects.HUB_SAP)],
        "meter of head end": meter[str(objects.HEAD_END_SAP)],
    }


def lived(folder):
    """A checkpoint, then a day of talk that no checkpoint has seen. What was believed at its end, and at its start."""
    with living(folder, 1) as (world, street):
        world.run(Instant(world.now + HALF_HOUR))
        street.checkpoint()
        site = street.site("01")
        before = heard(site)
        street.pay(site.account, Money.parse("10.00"), "r1", "shop")
        world.run(Instant(world.now + DAY + 2 * HALF_HOUR))
        names = [seen_name(device) for device in (site.names.hub, site.names.electricity)]
        believed = {name: street.books.reserved(name) for name in names}
        return before, heard(site), believed, site.names


def test_a_street_that_was_killed_believes_no_message_of_the_lost_hours_again(tmp_path):
    before, after, _, names = lived(tmp_path)
    assert sum(after[who] > before[who] for who in after) >= 3, "nobody spoke: nothing was proved"
    with Database(f"sqlite:///{tmp_path / 'street.db'}") as database:
        books = Books(database, StsService(MemoryKeyStore({})), bytes)
        kept = books.state_of(HUB)["counters"]["head_end_seen"]
        ahead = books.reserved(sent_name(names.hub))
    assert kept < after["hub of head end"] < ahead, "the checkpoint must be behind, or nothing is lost"
    with living(tmp_path, 2) as (world, street):
        site = street.site("01")
        again = heard(site)
        assert all(again[who] >= after[who] for who in after), (again, after)
        street.pay(site.account, Money.parse("10.00"), "r2", "shop")
        world.run(Instant(world.now + DAY + 2 * HALF_HOUR))
        now = heard(site)
        assert sum(now[who] > again[who] for who in now) >= 3, "they must still hear each other"
        assert site.hub.account.credited == 1_000_024
        assert street.books.vend("r2")[1][-1].name.value == "accepted"


def test_what_the_head_end_believed_of_a_device_is_kept_with_what_it_made_of_it(tmp_path):
    _, _, believed, names = lived(tmp_path)
    assert believed[seen_name(names.hub)] > 0
    with living(tmp_path, 2) as (_, street):
        clients = street.head_end._clients
        clients.client(names.hub)
        assert clients._settings[names.hub].seen.value >= believed[seen_name(names.hub)] - 1


def test_a_restore_lifts_what_we_send_and_leaves_what_we_believed(tmp_path):
    folder, copy, new = tmp_path / "live", tmp_path / "copy", tmp_path / "new"
    with DataFolder(folder) as opened, Database(opened.url) as database:
        database.run(lambda tx: SqlCounters(tx).raise_to("dlms/x", 1_000))
        database.run(lambda tx: SqlCounters(tx).raise_to("seen/x", 1_000))
    back_up(folder, copy)
    restore(copy, new, Instant(10**12))
    with DataFolder(new) as opened, Database(opened.url) as database:
        assert database.read(lambda tx: SqlCounters(tx).reserved("dlms/x")) > 1_000_000
        assert database.read(lambda tx: SqlCounters(tx).reserved("seen/x")) == 1_000


def without(state, name):
    state.pop(name)


def renamed(state, name):
    state[f"{name}_was"] = state.pop(name)


def of_another_kind(state, name):
    state[name] = "another form"


@pytest.mark.parametrize("change", [without, renamed, of_another_kind])
@pytest.mark.parametrize(
    ("device", "field"),
    [(HUB, "counters"), (HUB, "account"), (ELECTRICITY, "reserved"), (ELECTRICITY, "log"), (GAS, "supply")],
)
def test_a_checkpoint_of_another_version_s_form_is_refused_in_one_sentence_and_stays(tmp_path, device, field, change):
    with living(tmp_path, 1) as (world, street):
        world.run(Instant(world.now + HALF_HOUR))
        street.checkpoint()
    with Database(f"sqlite:///{tmp_path / 'street.db'}") as database:
        known = database.read(lambda tx: SqlDeviceState(tx).all())
        device = next(name for name in known if name.startswith(device))
        kept = known[device]
        place = next(one for one in (kept, *(part for part in kept.values() if isinstance(part, dict))) if field in one)
        change(place, field)
        database.run(lambda tx: SqlDeviceState(tx).save(device, kept, Instant(0)))
    with pytest.raises(ConfigurationError, match="another version") as refused, living(tmp_path, 2):
        pass
    assert refused.value.remedy
    with Database(f"sqlite:///{tmp_path / 'street.db'}") as database:
        assert database.read(lambda tx: SqlDeviceState(tx).load(device)) == kept, "what was refused must not be touched"
