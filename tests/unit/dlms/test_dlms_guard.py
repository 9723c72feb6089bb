"""The guard: every packing opens what it sealed, refuses every flipped bit, every replay, every weaker protection."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlms_suites import CLIENT, MODES, SERVER, credentials, keys
from meterhouse.model import (
    AuthenticationError,
    MalformedError,
    ProtocolError,
    RemoteError,
    ReplayError,
    UsageError,
)
from meterhouse.protocols.dlms import Channel, Counter, Keys, Manner, Policy, SeenCounter
from meterhouse.protocols.dlms.envelopes import decode_ciphered, decode_signed
from meterhouse.protocols.dlms.guard import Guard, Wrapping
from meterhouse.protocols.dlms.protection import KeyChoice, Opened, Signing

GET = bytes.fromhex("c001c1 0003 0100010800ff 02 00")
DEDICATED = 0x77


def policy_of(wrapping: Wrapping) -> int:
    return wrapping.control | (Policy.SIGNED if wrapping.signing is not Signing.NONE else 0)


def side(suite: int, *, client: bool, seed: int = 0, agreed: tuple[int, int] | None = None) -> Guard:
    own, peer = (CLIENT, SERVER) if client else (SERVER, CLIENT)
    numbers = agreed or ((10, 20) if client else (20, 10))
    channel = Channel(keys(suite, seed=seed), own, peer, Counter(), SeenCounter())
    guard = Guard(own, peer, channel, credentials(suite, *numbers))
    guard.dedicate(bytes((DEDICATED + seed,)) * len(channel.keys.encryption))
    return guard


@pytest.mark.parametrize("mode", MODES)
def test_what_one_side_seals_the_other_opens_and_answers_in_kind(mode):
    suite, wrapping = MODES[mode]
    client, server = side(suite, client=True), side(suite, client=False)
    for _ in range(3):
        sealed = client.seal(GET, wrapping)
        opened = server.open(sealed, policy_of(wrapping))
        assert opened.apdu == GET
        assert (opened.signing, opened.dedicated) == (wrapping.signing, wrapping.dedicated)
        answer = server.reply(b"\xc4\x01\xc1\x01\x03", opened)
        assert answer[:1] != b"\xc4"
        back = client.open(answer, policy_of(wrapping), client.transaction)
        assert back.apdu == b"\xc4\x01\xc1\x01\x03"
        assert (back.key, back.manner, back.signing) == (opened.key, opened.manner, opened.signing)


@pytest.mark.parametrize("mode", MODES)
def test_every_flipped_bit_is_refused(mode):
    suite, wrapping = MODES[mode]
    if not wrapping.control & 0x10 and wrapping.signing is Signing.NONE:
        pytest.skip("encrypted alone proves nothing: that is why it is taken only where a policy names it")
    sealed = side(suite, client=True).seal(GET, wrapping)
    server = side(suite, client=False)
    for bit in range(8 * len(sealed)):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(RemoteError):
            server.open(bytes(flipped), policy_of(wrapping))
    # None of them was believed in any part: the true one still counts as new.
    assert server.open(sealed, policy_of(wrapping)).apdu == GET


def told(take, sealed, policy, guard):
    """What came of it: the APDU or the refusal, and how far the counters were believed."""
    try:
        came = take(sealed, policy)
    except RemoteError as refusal:
        came = type(refusal), str(refusal)
    return came, guard.channel.seen.value


@pytest.mark.parametrize("mode", MODES)
def test_to_reveal_is_to_open_and_keep_the_apdu_alone(mode):
    suite, wrapping = MODES[mode]
    client, opening, revealing = side(suite, client=True), side(suite, client=False), side(suite, client=False)
    signed = client.seal(GET, Wrapping(0, signing=Signing.OUTSIDE)) if suite else GET
    for content in (GET, signed, client.seal(GET, Wrapping(0x30)), b"\xc4\x01\xc1\x00\x00"):
        sealed = client.seal(content, wrapping)
        wrong = [bytes((*sealed[:at], octet ^ 0x11, *sealed[at + 1 :])) for at, octet in enumerate(sealed)]
        for policy in (policy_of(wrapping), Policy.NONE, Policy.AUTHENTICATED, Policy.BOTH, Policy.SIGNED):
            for octets in (wrong[0], wrong[1], wrong[2], wrong[-1], sealed[:9], sealed, sealed):
                opened = told(lambda *what: opening.open(*what).apdu, octets, int(policy), opening)
                assert told(revealing.reveal, octets, int(policy), revealing) == opened


@pytest.mark.parametrize("mode", MODES)
def test_every_prefix_and_every_longer_one_is_refused(mode):
    suite, wrapping = MODES[mode]
    sealed = side(suite, client=True).seal(GET, wrapping)
    server = side(suite, client=False)
    for wrong in [sealed[:length] for length in range(1, len(sealed))] + [sealed + b"\x00"]:
        with pytest.raises((MalformedError, AuthenticationError)):
            server.open(wrong, policy_of(wrapping))


@pytest.mark.parametrize("mode", MODES)
def test_the_same_bytes_are_never_taken_twice(mode):
    suite, wrapping = MODES[mode]
    client, server = side(suite, client=True), side(suite, client=False)
    first, second = client.seal(GET, wrapping), client.seal(GET, wrapping)
    server.open(first, policy_of(wrapping))
    server.open(second, policy_of(wrapping))
    for old in (first, second):
        with pytest.raises(ReplayError):
            server.open(old, policy_of(wrapping))


@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_key_says_authentication_failed(mode):
    suite, wrapping = MODES[mode]
    if not wrapping.control & 0x10 and wrapping.signing is Signing.NONE:
        pytest.skip("encrypted alone cannot tell a wrong key: that is why it is taken only where a policy names it")
    sealed = side(suite, client=True).seal(GET, wrapping)
    server = side(suite, client=False, seed=1, agreed=(30, 40) if suite else None)
    with pytest.raises(AuthenticationError, match="authentication failed"):
        server.open(sealed, policy_of(wrapping))


@pytest.mark.parametrize("mode", MODES)
def test_an_apdu_is_not_taken_back_by_the_side_that_sent_it(mode):
    suite, wrapping = MODES[mode]
    if wrapping == Wrapping(0x20):
        pytest.skip("encrypted alone does not tell who sent it")
    client = side(suite, client=True)
    with pytest.raises(RemoteError):
        client.open(client.seal(GET, wrapping), policy_of(wrapping))


WEAKER = [
    (0x10, 0x30),
    (0x20, 0x30),
    (0x20, 0x10),
    (0x10, 0x20),
    (0x20, 0x00),
    (0x30, 0x130),
    (0x10, 0x110),
    (0x30, 0x100),
    (0x20, 0x100),
]


@pytest.mark.parametrize(("control", "demanded"), WEAKER)
@pytest.mark.parametrize("dedicated", [False, True], ids=["global", "dedicated"])
def test_anything_weaker_than_the_policy_is_refused(control, demanded, dedicated):
    client, server = side(1, client=True), side(1, client=False)
    with pytest.raises(ProtocolError):
        server.open(client.seal(GET, Wrapping(control, dedicated=dedicated)), demanded)


@pytest.mark.parametrize("demanded", [0x10, 0x20, 0x30, 0x110, 0x130])
def test_a_signature_alone_is_not_ciphering(demanded):
    client, server = side(1, client=True), side(1, client=False)
    with pytest.raises(ProtocolError, match="only signed"):
        server.open(client.seal(GET, Wrapping(0, signing=Signing.OUTSIDE)), demanded)


@pytest.mark.parametrize(("control", "demanded"), [(0x10, 0), (0x30, 0), (0x30, 0x10), (0x30, 0x20), (0x20, 0x20)])
def test_what_is_enough_or_stronger_is_taken(control, demanded):
    client, server = side(0, client=True), side(0, client=False)
    assert server.open(client.seal(GET, Wrapping(control)), demanded).apdu == GET


@pytest.mark.parametrize(
    ("control", "said"),
    [(0xB0, "compressed"), (0x70, "broadcast"), (0x31, "not suite 0"), (0x00, "not suite 0"), (0x3F, "not suite 0")],
)
@pytest.mark.parametrize("manner", list(Manner))
def test_compression_broadcast_and_other_suites_are_refused_by_name(control, said, manner):
    sealed = bytearray(side(0, client=True).seal(GET, Wrapping(0x30, manner)))
    sealed[sealed.index(b"\x30\x00\x00\x00", 2)] = control
    with pytest.raises(MalformedError, match=said):
        side(0, client=False).open(bytes(sealed), 0x30)


def test_a_signature_in_a_signature_and_a_cipher_in_a_cipher_are_refused():
    client, server = side(1, client=True), side(1, client=False)
    signed = client.seal(GET, Wrapping(0, signing=Signing.OUTSIDE))
    with pytest.raises(ProtocolError):
        server.open(client.seal(signed, Wrapping(0, signing=Signing.OUTSIDE)), 0)
    ciphered = client.seal(GET, Wrapping())
    with pytest.raises(ProtocolError, match="inside of protection"):
        server.open(client.seal(ciphered, Wrapping(0x30, Manner.GENERAL)), 0)


def test_an_answer_to_another_transaction_is_refused():
    client, server = side(1, client=True), side(1, client=False)
    wrapping = Wrapping(0x30, Manner.CIPHERING, KeyChoice.STATIC)
    first = server.open(client.seal(GET, wrapping), 0x30)
    client.seal(GET, wrapping)
    with pytest.raises(AuthenticationError):
        client.open(server.reply(GET, first), 0x30, client.transaction)


def test_a_message_for_another_device_is_refused():
    client = side(1, client=True)
    stranger = Guard(b"MTH00002", CLIENT, None, credentials(1, 20, 10))
    sealed = client.seal(GET, Wrapping(0x30, Manner.CIPHERING, KeyChoice.ONE_PASS, Signing.OUTSIDE))
    with pytest.raises(AuthenticationError, match="authentication failed"):
        stranger.open(sealed, 0)


def test_dedicated_tags_mean_nothing_before_a_dedicated_key_was_agreed():
    channel = Channel(keys(0), SERVER, CLIENT, Counter(), SeenCounter())
    sealed = side(0, client=True).seal(GET, Wrapping(dedicated=True))
    with pytest.raises(MalformedError, match="no dedicated key"):
        Guard(SERVER, CLIENT, channel).open(sealed, 0x30)


def test_each_key_has_counters_of_its_own():
    client, server = side(1, client=True), side(1, client=False)
    chosen = (Wrapping(), Wrapping(dedicated=True), Wrapping(0x30, Manner.CIPHERING, KeyChoice.ONE_PASS))
    counts = [server.open(client.seal(GET, wrapping), 0x30).counter for wrapping in chosen]
    # The third took one number for its transaction id before.
    assert counts == [1, 1, 2]


def test_two_agreed_keys_are_never_the_same():
    client = side(1, client=True)
    for choice in (KeyChoice.ONE_PASS, KeyChoice.WRAPPED):
        infos = {
            decode_ciphered(client.seal(GET, Wrapping(0x30, Manner.CIPHERING, choice))).key.octets for _ in range(5)
        }
        assert len(infos) == 5


def test_no_apdu_makes_the_guard_raise_anything_but_a_remote_error():
    server = side(1, client=False)

    @given(st.binary(min_size=1, max_size=80), st.sampled_from([0xC8, 0xD0, 0xDB, 0xDC, 0xDD, 0xDF]))
    def opens(octets: bytes, tag: int) -> None:
        try:
            opened = server.open(bytes((tag,)) + octets, 0)
        except RemoteError:
            return
        raise AssertionError(opened)

    opens()


@given(st.binary(max_size=200))
def test_the_envelopes_decode_or_say_why_not(octets):
    for decode, tag in ((decode_ciphered, 0xDD), (decode_signed, 0xDF)):
        try:
            envelope = decode(bytes((tag,)) + octets)
        except MalformedError:
            continue
        assert decode(envelope.encode()) == envelope


def test_a_window_lets_late_numbers_through_once_and_old_ones_never():
    seen = SeenCounter(window=4)
    for value in (10, 12, 11, 9, 8):
        seen.check(value)
        seen.believe(value)
    assert seen.value == 12
    for again in (8, 9, 10, 11, 12, 7, 0):
        with pytest.raises(ReplayError):
            seen.check(again)
    seen.believe(40)
    seen.check(36)
    with pytest.raises(ReplayError):
        seen.check(35)


@given(st.lists(st.integers(0, 60), max_size=60), st.integers(0, 8))
def test_no_number_is_ever_taken_twice_whatever_the_window(values, window):
    seen, taken = SeenCounter(window=window), []
    for value in values:
        before = seen.value
        try:
            seen.check(value)
        except ReplayError:
            assert value in taken or value < before - window or (value <= before and not window)
            continue
        seen.believe(value)
        assert seen.value >= before
        taken.append(value)
    assert len(taken) == len(set(taken))


def test_after_a_restart_everything_up_to_the_highest_counts_as_seen():
    seen = SeenCounter(100, window=16)
    for value in (100, 99, 84):
        with pytest.raises(ReplayError):
            seen.check(value)
    seen.check(101)


@pytest.mark.parametrize(
    ("suite", "lengths"), [(0, (15, 16, 0)), (1, (16, 32, 0)), (2, (16, 16, 0)), (2, (32, 32, 16)), (3, (16, 16, 0))]
)
def test_keys_that_are_not_of_the_suite_are_refused(suite, lengths):
    with pytest.raises(UsageError):
        Keys(bytes(lengths[0]), bytes(lengths[1]), suite, bytes(lengths[2]))


def test_no_key_is_shown_when_printed():
    shown = repr(keys(0)) + repr(credentials(1, 10, 20)) + repr(Opened(b"", 0, Manner.SERVICE, 0))
    assert keys(0).encryption.hex() not in shown
    assert "private" not in shown.lower()


@pytest.mark.parametrize("missing", ["signing", "peer_agreement"])
def test_what_could_not_be_answered_in_kind_is_refused_before_it_does_anything(missing):
    wrapping = Wrapping(0x30, Manner.CIPHERING, KeyChoice.ONE_PASS)
    server = Guard(SERVER, CLIENT, None, replace(credentials(1, 20, 10), **{missing: None}))
    client = Guard(CLIENT, SERVER, None, credentials(1, 10, 20))
    with pytest.raises(ProtocolError, match="answer that in kind"):
        server.open(client.seal(GET, wrapping), 0)
