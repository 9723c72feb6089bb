"""Each attack finds a breach: with one defence switched off, or as many as stand behind each other, it counts harm."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from meterhouse.carrier import Quarantine
from meterhouse.companion.brake import Brake
from meterhouse.companion.sealed import Agreement, Hindrance, Reason, Refused, Verifier
from meterhouse.premises.electricity_meter import ControlState, ElectricityMeter, SupplySwitch, associations, meter
from meterhouse.premises.electricity_meter.arm_keypad import ArmKeypad
from meterhouse.premises.orders.brake import LocalBrake
from meterhouse.premises.orders.cut import RemoteCut
from meterhouse.premises.orders.kept_counters import KeptCounters
from meterhouse.protocols import dlms
from meterhouse.simulation.attacks import ATTACKS, Terms, change_of_supplier, run_attack
from meterhouse.simulation.attacks.lying_hub import Culprit
from meterhouse.supplier.trust import ConfirmJudge
from meterhouse.supplier.trust.confirm_judge import Judgement, NoReason

VERIFIER = "meterhouse.companion.sealed.verifier.verify"


def no_signature(patch):
    """The device believes any signature."""
    patch.setattr(VERIFIER, lambda *_all: None)


def no_mac(patch):
    """The device believes any MAC."""
    patch.setattr(Agreement, "verify", lambda *_all: None)


def no_target(patch):
    """The device does not look for whom an order is."""
    known = Verifier._known
    patch.setattr(Verifier, "_known", lambda self, order: known(self, replace(order, target=self._own)))


def no_counter(patch):
    """The device forgets the counters that it has seen."""
    patch.setattr(KeptCounters, "newest", lambda *_all: None)


def forgiving(*reasons):
    """The device overlooks a wrong time or place."""

    def off(patch):
        asked = Verifier._in_time_and_place

        def overlook(self, *about):
            found = asked(self, *about)
            return None if isinstance(found, Refused) and found.reason in reasons else found

        patch.setattr(Verifier, "_in_time_and_place", overlook)

    return off


def yes_to_all(patch):
    """The confirm service says yes to whatever it is asked."""
    patch.setattr(ConfirmJudge, "judge", lambda *_all, **_more: Judgement(NoReason.NONE))


def no_brake(patch):
    """No brake of B1 to B4 holds anything."""
    patch.setattr(Brake, "ask", lambda *_all: None)


def nobody_named(patch):
    """The trail never names the hub."""
    nobody = SimpleNamespace(culprit=next(one for one in Culprit if one is not Culprit.HUB))
    patch.setattr("meterhouse.simulation.attacks.lying_hub.judge", lambda *_all: nobody)


def words_believed(patch):
    """The supplier believes what no device has signed."""
    patch.setattr("meterhouse.companion.sealed.responder.verify", lambda *_all: None)


def no_four_eyes(patch):
    """The signing daemon does not ask who has approved."""
    patch.setattr("meterhouse.supplier.trust.signing.check_statements", lambda order, *_more: order.raised.at)


def credit_runs_out_at_once(patch):
    """No 24 hours after a change of price."""
    patch.setattr(LocalBrake, "run_out_held", lambda *_all: False)
    patch.setattr(LocalBrake, "held_until", 0)


def any_clock_step(patch):
    """An order may set the clock by any step."""
    patch.setattr("meterhouse.premises.electricity_meter.sealed_works._LARGEST_STEP", 1 << 60)


def arm_closes(patch):
    """Whoever arms a switch closes it."""
    patch.setattr(SupplySwitch, "arm", lambda self: setattr(self, "state", ControlState.CONNECTED) or True)


def stuck_button_closes(patch):
    """A button that is down already closes a switch that is armed under it."""
    held = ElectricityMeter.restore

    def forget(self, state):
        held(self, state)
        self.switch.held = False

    patch.setattr(ElectricityMeter, "restore", forget)


def arm_lives_for_ever(patch):
    """An arm does not die."""
    patch.setattr(ElectricityMeter, "disarm", lambda *_all: None)


def reader_may_write(patch):
    """The open reader has the head end's rights."""
    made = meter.meter_device

    def everything(each):
        device = made(each)
        rights = dlms.rights_to_all(device.objects.values(), write=True, invoke=True)
        patch.setattr(associations, "OPEN_READER_RIGHTS", rights)
        return device

    patch.setattr(meter, "meter_device", everything)


def no_quarantine(patch):
    """A new kind is let through as any other."""
    patch.setattr(Quarantine, "admits", lambda *_all: True)


def cancel_unheard(patch):
    """The device says that a cancel was done, and goes on."""
    patch.setattr(RemoteCut, "cancel", lambda *_all: Hindrance.NONE)


def no_freeze(patch):
    """A change of credentials freezes nothing."""
    patch.setattr(LocalBrake, "credentials_changed", lambda *_all: None)


def loser_stays(patch):
    """The losing supplier keeps its slot."""
    patch.setattr(change_of_supplier._Market, "slots", lambda _self, mark, _device: mark.gate.trust)


def any_code_arms(patch):
    """A meter takes whatever is typed for its code."""
    patch.setattr(ArmKeypad, "_is_right", lambda *_all: True)


def arms_are_braked(patch):
    """A tripped brake holds the way back as well."""
    patch.setattr("meterhouse.companion.brake.WAYS_BACK", frozenset())


BREACHES = {
    "T01 no signature": [no_signature, no_mac],
    "T02 no target": [no_target, no_mac, no_signature, forgiving(Reason.PREMISES)],
    "T02 no premises": [no_mac, no_signature, forgiving(Reason.PREMISES)],
    "T03 no counter": [no_counter],
    "T03 no end": [forgiving(Reason.LATE)],
    "T04 no end": [forgiving(Reason.LATE)],
    "T05 no signature": [no_signature],
    "T06 words believed": [words_believed],
    "T06 nobody named": [nobody_named],
    "T07 no signature": [no_signature, no_mac],
    "T08 yes to all": [yes_to_all],
    "T09 yes to all": [yes_to_all],
    "T09 no brake": [no_brake],
    "T10 no brake": [no_brake],
    "T11 no four eyes": [no_four_eyes],
    "T12 no premises": [forgiving(Reason.PREMISES)],
    "T13 credit runs out at once": [credit_runs_out_at_once],
    "T14 any clock step": [any_clock_step],
    "T15 arm closes": [arm_closes],
    "T16 stuck button closes": [stuck_button_closes],
    "T16 arm lives for ever": [arm_lives_for_ever],
    "T21 reader may write": [reader_may_write],
    "T25 no quarantine": [no_quarantine],
    "T33 cancel unheard": [cancel_unheard],
    "T34 yes to all": [yes_to_all],
    "T40 no freeze": [no_freeze],
    "T40 loser stays": [loser_stays],
    "S0-74 arm closes": [arm_closes],
    "S0-74 any code arms": [any_code_arms],
    "S0-74 arms are braked": [arms_are_braked],
}
"""What is switched off together; more than one where each of them alone would still have stopped it."""


@pytest.mark.parametrize("name", BREACHES)
def test_the_attack_counts_a_breach(name, monkeypatch):
    for off in BREACHES[name]:
        off(monkeypatch)
    outcome = run_attack(name.split()[0], Terms(seed=3, permille=4))
    assert outcome.bad > 0
    assert outcome.examples


def test_every_attack_is_known_to_find_a_breach():
    assert {name.split()[0] for name in BREACHES} == set(ATTACKS)


@pytest.mark.requirement("S0-74")
def test_a_fleet_that_was_put_off_is_back_within_the_stated_hours_and_homes_without_a_network_too():
    outcome = run_attack("S0-74", Terms(seed=5, permille=10))
    told = outcome.figures
    assert outcome.bad == 0, outcome.examples
    assert told["homes"] == 1_000
    assert told["armed"] >= 990
    assert told["minutes until 99 %"] <= 60 * told["stated hours"]
    assert told["closed by a hand"] == told["armed"]
    assert told["armed"] + told["not reached, and restored by a code told by telephone"] == told["homes"]
    homes, restored = told["homes, no network at all, restored by a code and a hand"]
    assert restored == homes > 0
