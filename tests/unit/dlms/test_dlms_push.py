"""A ciphered push is believed, confirmed under the same keys, and nothing else is."""

from __future__ import annotations

import pytest

from dlms_meter import CLIENT_TITLE, KEYS, NOW, SERVER_TITLE
from meterhouse.model import AuthenticationError, ProtocolError, ReplayError
from meterhouse.protocols.dlms import Channel, Counter, Policy, SeenCounter, octet_string, unsigned
from meterhouse.protocols.dlms.block_transfer import BlockTransfer
from meterhouse.protocols.dlms.protection import Manner
from meterhouse.protocols.dlms.push import PushListener, push_data

CONFIRMED = push_data(7, NOW, [unsigned(1)], confirmed=True)
POLICIES = [Policy.AUTHENTICATED, Policy.BOTH]


def two_sides():
    meter = Channel(KEYS, SERVER_TITLE, CLIENT_TITLE, Counter(5000), SeenCounter())
    return meter, Channel(KEYS, CLIENT_TITLE, SERVER_TITLE, Counter(100), SeenCounter())


@pytest.mark.parametrize("policy", POLICIES)
def test_a_ciphered_push_that_asks_for_it_is_confirmed_under_its_keys(policy):
    meter, ours = two_sides()
    heard = PushListener.under(ours, policy).receive(meter.seal(CONFIRMED, policy, Manner.GENERAL))
    assert heard.ciphered
    assert heard.notification.data.items() == (unsigned(1),)
    opened = meter.open(heard.answers[0], policy)
    assert (opened.apdu, opened.control, len(heard.answers)) == (b"\x10\x40\x00\x00\x07\x00", policy, 1)


def test_a_ciphered_push_that_asks_for_nothing_gets_nothing():
    meter, ours = two_sides()
    silent = push_data(7, NOW, [unsigned(1)])
    assert PushListener.under(ours).receive(meter.seal(silent, Policy.BOTH, Manner.GENERAL)).answers == ()


def test_a_push_that_is_not_believed_is_not_confirmed():
    meter, ours = two_sides()
    listener = PushListener.under(ours)
    sealed = meter.seal(CONFIRMED, Policy.BOTH, Manner.GENERAL)
    with pytest.raises(AuthenticationError):
        listener.receive(sealed[:-1] + bytes((sealed[-1] ^ 1,)))
    with pytest.raises(ProtocolError):
        listener.receive(CONFIRMED)
    with pytest.raises(ProtocolError):
        listener.receive(meter.seal(CONFIRMED, Policy.AUTHENTICATED, Manner.GENERAL))
    assert listener.receive(sealed).answers
    with pytest.raises(ReplayError):
        listener.receive(sealed)


def test_without_keys_of_ours_a_ciphered_push_is_left_to_the_caller_to_confirm():
    meter, ours = two_sides()
    listener = PushListener(lambda apdu: ours.open(apdu).apdu)
    assert listener.receive(meter.seal(CONFIRMED, Policy.BOTH, Manner.GENERAL)).answers == ()


@pytest.mark.parametrize("window", [1, 4])
def test_a_ciphered_push_in_blocks_is_confirmed_once_it_is_whole(window):
    meter, ours = two_sides()
    long = push_data(8, NOW, [octet_string(bytes(300))], confirmed=True)
    listener = PushListener.under(ours, window=window)
    sender = BlockTransfer(64, peer_window=window)
    waiting, heard = sender.send(meter.seal(long, Policy.BOTH, Manner.GENERAL)), None
    while waiting:
        heard = listener.receive(waiting.pop(0))
        blocks = [answer for answer in heard.answers if answer[:1] == b"\xe0" and sender.sending]
        waiting += [more for answer in blocks for more in sender.receive(answer) if sender.sending]
    assert heard.notification.data.items() == (octet_string(bytes(300)),)
    assert meter.open(heard.answers[-1]).apdu == b"\x10\x40\x00\x00\x08\x00"
