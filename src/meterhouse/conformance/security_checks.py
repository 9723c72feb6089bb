"""Suite 0: wrong keys, damaged tags, old counters, weaker protection, nonces that repeat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from meterhouse.conformance.answers import demand_refusal, demand_rejection, shown
from meterhouse.conformance.association_checks import read_request
from meterhouse.conformance.bench import Bench, Talk
from meterhouse.conformance.check import Check, check
from meterhouse.conformance.verdict import Failed, NotApplicable
from meterhouse.protocols.dlms import Channel, Client, ClientSettings, Counter, Keys, Policy
from meterhouse.protocols.dlms.protection import is_ciphered

__all__ = ["CHECKS"]

_PROTECTION: Final = "IEC 62056-5-3 §5.4"
_COUNTERS: Final = "IEC 62056-5-3 §5.4.5"
_POLICY: Final = "IEC 62056-6-2 §4.4.7"
_COUNTER_AT: Final = 3
"""Where the invocation counter stands in a glo- APDU of less than 128 bytes: tag, length, security control, counter."""


def _ciphering(bench: Bench) -> ClientSettings:
    settings = bench.settings("keys")
    if not settings.policy & Policy.AUTHENTICATED:
        raise NotApplicable("the client's policy has no authentication")
    return settings


@contextmanager
def _sealed(bench: Bench) -> Iterator[tuple[Talk, Channel]]:
    settings = _ciphering(bench)
    with bench.talking(settings=settings) as talk:
        yield talk, bench.channel(talk.title)


def _opens_nothing(bench: Bench, settings: ClientSettings) -> None:
    if settings.policy:  # the AARQ itself is under the key
        with bench.connected(settings.client_sap) as line:
            demand_rejection(line.ask(next(Client(settings).associate())))
    else:
        bench.refuses(settings)
    bench.alive()


def _flipped(key: bytes) -> bytes:
    return bytes((key[0] ^ 1,)) + key[1:]


@check("security.wrong-key", _PROTECTION, "under another encryption key nothing opens")
def _wrong_key(bench: Bench) -> None:
    settings = bench.settings("keys")
    assert settings.keys is not None
    wrong = Keys(_flipped(settings.keys.encryption), settings.keys.authentication)
    _opens_nothing(bench, replace(settings, keys=wrong))


@check("security.wrong-authentication-key", _PROTECTION, "under another authentication key nothing opens")
def _wrong_authentication_key(bench: Bench) -> None:
    settings = bench.settings("keys")
    assert settings.keys is not None
    wrong = Keys(settings.keys.encryption, _flipped(settings.keys.authentication))
    _opens_nothing(bench, replace(settings, keys=wrong))


@check("security.flipped-tag", _PROTECTION, "one wrong bit in the tag, and the request is not obeyed")
def _flipped_tag(bench: Bench) -> None:
    with _sealed(bench) as (talk, channel):
        sealed = bytearray(channel.seal(read_request(bench), int(talk.settings.policy)))
        sealed[-1] ^= 1
        demand_refusal(talk.line.ask(bytes(sealed)))
    bench.alive()


@check("security.flipped-text", _PROTECTION, "one wrong bit in the text, and the request is not obeyed")
def _flipped_text(bench: Bench) -> None:
    with _sealed(bench) as (talk, channel):
        sealed = bytearray(channel.seal(read_request(bench), int(talk.settings.policy)))
        sealed[_COUNTER_AT + 4 + 2] ^= 1  # the invoke id: without the tag the request would be as good as any
        demand_refusal(talk.line.ask(bytes(sealed)))
    bench.alive()


@check("security.replay", _COUNTERS, "the same request a second time is not obeyed")
def _replay(bench: Bench) -> None:
    with _sealed(bench) as (talk, channel):
        sealed = channel.seal(read_request(bench), int(talk.settings.policy))
        first = talk.line.exchange(sealed)
        if not is_ciphered(first):
            raise Failed(f"{shown(first)} to the first request")
        demand_refusal(talk.line.ask(sealed))
    bench.alive()


@check("security.old-counter", _COUNTERS, "a request under a lower invocation counter is not obeyed")
def _old_counter(bench: Bench) -> None:
    with _sealed(bench) as (talk, _):
        old = bench.channel(talk.title, Counter(max(bench.counter.value - 3, 0)))
        demand_refusal(talk.line.ask(old.seal(read_request(bench), int(talk.settings.policy))))
    bench.alive()


@check("security.aarq-replay", _COUNTERS, "an AARQ that was heard before opens nothing a second time")
def _aarq_replay(bench: Bench) -> None:
    settings = _ciphering(bench)
    aarq = next(Client(settings).associate())
    with bench.connected(settings.client_sap) as line:
        line.exchange(aarq)
    bench.alive()
    with bench.connected(settings.client_sap) as line:
        demand_rejection(line.ask(aarq))
    bench.alive()


@check("security.plain", _POLICY, "a plain request where protection is demanded is not obeyed")
def _plain(bench: Bench) -> None:
    with _sealed(bench) as (talk, _):
        demand_refusal(talk.line.ask(read_request(bench)))
    bench.alive()


@check("security.weaker", _POLICY, "protection weaker than the policy is not taken: no encryption, or no tag")
def _weaker(bench: Bench) -> None:
    if int(_ciphering(bench).policy) != Policy.BOTH:
        raise NotApplicable("the policy is not authentication and encryption")
    for control in (Policy.AUTHENTICATED, Policy.ENCRYPTED):
        with _sealed(bench) as (talk, channel):
            demand_refusal(talk.line.ask(channel.seal(read_request(bench), int(control))))
    bench.alive()


@check(
    "security.nonces", _COUNTERS, "the device's own invocation counter rises with each answer, over associations too"
)
def _nonces(bench: Bench) -> None:
    counters = []
    for _ in range(2):
        with _sealed(bench) as (talk, channel):
            for _ in range(3):
                answer = talk.line.exchange(channel.seal(read_request(bench), int(talk.settings.policy)))
                if not is_ciphered(answer):
                    raise Failed(shown(answer))
                counters.append(int.from_bytes(_after_length(answer)[1:5], "big"))
    if counters != sorted(set(counters)):
        raise Failed(f"its counters were {counters}")


def _after_length(apdu: bytes) -> bytes:
    """The security header and all behind it, of a glo- or general-glo APDU of any length."""
    general = apdu[0] in {0xDB, 0xDC}
    place = 2 + apdu[1] if general else 1
    return apdu[place + 1 + (apdu[place] & 0x7F if apdu[place] & 0x80 else 0) :]


CHECKS: Final[tuple[Check, ...]] = (
    _wrong_key,
    _wrong_authentication_key,
    _flipped_tag,
    _flipped_text,
    _replay,
    _old_counter,
    _aarq_replay,
    _plain,
    _weaker,
    _nonces,
)
