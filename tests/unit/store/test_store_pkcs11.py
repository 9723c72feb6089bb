"""Vending keys in a PKCS#11 token: SoftHSM2 stands for the hardware."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from threading import Event

import pytest

from meterhouse.crypto import P256, KeyPair, des_encrypt, hmac_sha256, shared_secret
from meterhouse.model import UNIT, ConfigurationError, Eui64, Fuel, Money, StateError, UsageError, parse_instant
from meterhouse.store import Database, KeyCap, KeyUsage
from meterhouse.store.pkcs11_keys import Pkcs11KeyStore
from meterhouse.supplier.vending import (
    KeyCapError,
    KeyName,
    KeyStoreAwayError,
    MemoryKeyStore,
    MeterRecord,
    StsService,
    UtrnService,
)

pkcs11 = pytest.importorskip("pkcs11", reason="the extra 'pkcs11' is not installed: PKCS#11 NOT proved")

PIN = "287364"
KEY, NAME = bytes(range(20)), KeyName("123457", 1)
AGREED, UTRN = bytes(range(2, 34)), KeyName("utrn", 1)
DEVICE = KeyPair(P256, bytes(range(1, 33)))
NOW = parse_instant("2026-11-21T10:00:00Z")
METER = MeterRecord(Eui64(b"\2" * 8), Fuel.GAS, Eui64(bytes(8)), "600727000000000009", "123457")
GB_METER = MeterRecord(Eui64(b"\2" * 8), Fuel.GAS, Eui64(bytes(8)), "", "utrn", scheme="utrn")


def _library() -> str:
    for place in ("softhsm", "x86_64-linux-gnu/softhsm", "aarch64-linux-gnu/softhsm", "pkcs11"):
        path = Path("/usr/lib") / place / "libsofthsm2.so"
        if path.exists() and shutil.which("softhsm2-util"):
            return str(path)
    pytest.skip("SoftHSM2 is not installed (tools/setup debian): keys in a PKCS#11 token NOT proved")


@pytest.fixture(scope="module")
def module(tmp_path_factory) -> str:
    library, folder = _library(), tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    return library


@pytest.fixture
def token(module, request) -> str:
    label = f"mh {abs(hash(request.node.name)) % 10**9}"
    command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", PIN]
    subprocess.run(command, check=True, capture_output=True)
    pkcs11.lib(module).reinitialize()
    return label


@pytest.fixture
def store(module, token):
    keys = Pkcs11KeyStore(module, token, PIN)
    keys.add("123457", 1, KEY, ken=200)
    keys.add("utrn", 1, AGREED)
    yield keys
    keys.close()


def test_the_token_reckons_as_the_keys_would(store):
    assert store.mac(NAME, b"message") == hmac_sha256(KEY, b"message")
    assert store.agree(UTRN, DEVICE.public.octets) == shared_secret(DEVICE, KeyPair(P256, AGREED).public)
    assert (store.expiry(NAME), store.expiry(UTRN)) == (200, 255)


@pytest.mark.requirement("S3-60")
def test_both_schemes_vend_from_the_token_what_they_vend_from_memory(store):
    memory = MemoryKeyStore({NAME: KEY, UTRN: AGREED}, {NAME: 200})
    for keys in (store, memory):
        services = StsService(keys), UtrnService(keys, Eui64(b"\1" * 8), lambda _device: DEVICE.public.octets)
        made = [
            service.issue(record, service.carried(Money.parse("16")), service.next_tid(record, NOW), 0)
            for service, record in zip(services, (METER, GB_METER), strict=True)
        ]
        assert len(set(made)) == 2
        if keys is store:
            from_token = made
    assert made == from_token


def test_no_key_leaves_the_token(store):
    session = pkcs11.lib(_library()).get_token(token_label=store._token).open(user_pin=None)
    del session
    for key in store._session.get_objects():
        for attribute in (pkcs11.Attribute.EXTRACTABLE, pkcs11.Attribute.SENSITIVE):
            assert key[attribute] is (attribute is pkcs11.Attribute.SENSITIVE)
        with pytest.raises((pkcs11.AttributeSensitive, pkcs11.FunctionFailed)):
            key[pkcs11.Attribute.VALUE]
    assert KEY.hex() not in repr(store)
    assert PIN not in repr(store)


def test_the_secret_of_one_meter_does_not_stay_in_the_token(store):
    store.agree(UTRN, DEVICE.public.octets)
    assert len(list(store._session.get_objects())) == 2


def test_a_key_is_never_overwritten_and_a_missing_one_is_named(store):
    with pytest.raises(StateError):
        store.add("123457", 1, bytes(20))
    with pytest.raises(UsageError):
        store.add("123457", 2, bytes(16))
    with pytest.raises(UsageError):
        store.add("123457", 2, bytes(20), ken=256)
    for ask in (lambda: store.mac(KeyName("123458", 1), b""), lambda: store.mac(UTRN, b"")):
        with pytest.raises(ConfigurationError, match="no single vending key"):
            ask()
    with pytest.raises(UsageError):
        store.agree(UTRN, b"\4" * 65)


def test_dkga02_is_refused_by_name_because_its_last_step_needs_the_key_outside(store):
    with pytest.raises(ConfigurationError, match="DKGA02"):
        store.dkga02(NAME, bytes(8))


def test_the_token_s_triple_des_with_the_key_twice_is_single_des(store):
    """Why DKGA02 could be half done inside, and why that would not keep the key: E(X) xor X xor the result is the key."""
    key, block = bytes.fromhex("abababababababab"), bytes(range(8))
    object_class, attribute = pkcs11.ObjectClass.SECRET_KEY, pkcs11.Attribute
    store.mac(NAME, b"")
    double = store._session.create_object(
        {attribute.CLASS: object_class, attribute.KEY_TYPE: pkcs11.KeyType.DES2, attribute.VALUE: key + key,
         attribute.TOKEN: False, attribute.ENCRYPT: True}
    )  # fmt: skip
    assert double.encrypt(block, mechanism=pkcs11.Mechanism.DES3_ECB) == des_encrypt(key, block)


def test_a_wrong_pin_and_a_missing_module_are_configuration(module, token):
    with pytest.raises(ConfigurationError, match="PIN"):
        Pkcs11KeyStore(module, token, "000000").mac(NAME, b"")
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        Pkcs11KeyStore("/nowhere/no.so", token, PIN)


def test_a_token_that_is_not_there_is_one_clear_error_that_may_be_tried_again(module, token):
    with pytest.raises(KeyStoreAwayError) as away:
        Pkcs11KeyStore(module, "another token", PIN).mac(NAME, b"")
    assert away.value.retry
    assert away.value.remedy


def test_a_token_that_goes_away_between_two_sales_fails_once_and_serves_again_when_it_is_back(module, store):
    service = StsService(store, kept_keys=0)
    value, tid = service.carried(Money.parse("16")), service.next_tid(METER, NOW)
    first = service.issue(METER, value, tid, 0)
    pkcs11.lib(module).reinitialize()  # every session of this process is gone, as when a module restarts
    with pytest.raises(KeyStoreAwayError):
        service.issue(METER, value, tid, 0)
    assert service.issue(METER, value, tid, 0) == first


@pytest.mark.requirement("S3-87")
def test_a_token_that_goes_away_in_the_middle_of_a_payment_leaves_nothing_half_done(module, store):
    from counter_street import build, meter_of, paying, payment
    from meterhouse.store import SqlVendingRecords, verify

    service = StsService(store, kept_keys=0)
    with Database("sqlite://") as database:
        database.run(build)
        before = database.read(lambda tx: SqlVendingRecords(tx).customer("A0"))
        store.mac(NAME, b"")
        pkcs11.lib(module).reinitialize()
        with pytest.raises(KeyStoreAwayError):
            database.run(paying(payment(), service=service))
        assert database.read(lambda tx: SqlVendingRecords(tx).customer("A0")) == before
        assert database.read(lambda tx: SqlVendingRecords(tx).vend("r1")) is None
        receipt = database.run(paying(payment(), service=service))
        assert receipt.token
        assert database.read(verify) == ()
        assert meter_of(0) == before.meter.meter


def test_a_cap_holds_whatever_the_store(module, token, tmp_path):
    usage = KeyUsage(tmp_path)
    usage.set_cap(NAME, KeyCap(tokens=1, money5=100 * UNIT))
    keys = Pkcs11KeyStore(module, token, PIN, usage)
    keys.add("123457", 1, KEY)
    service = StsService(keys)
    tid = service.next_tid(METER, NOW)
    assert service.issue(METER, service.carried(Money.parse("16")), tid, 0)
    with pytest.raises(KeyCapError, match="1 tokens"):
        service.issue(METER, service.carried(Money.parse("16")), tid + 5, 0)
    keys.close()


class HangingKeyStore(Pkcs11KeyStore):
    """A token whose module holds a call until it is let go."""

    held = None

    def _secret(self, name):
        if self.held is not None:
            self.held.wait(30)
        return super()._secret(name)


@pytest.mark.requirement("S3-87")
@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
def test_a_module_that_hangs_in_the_middle_of_a_payment_holds_nobody_and_the_payment_is_taken_once(
    module, token, apart, tmp_path
):
    from counter_street import NOW as TODAY
    from counter_street import build, payment
    from meterhouse.store import Till, verify

    patience = 2.0  # enough for a busy machine to log in
    before = Pkcs11KeyStore(module, token, PIN)
    before.add("123457", 1, KEY)
    before.close()
    keys = HangingKeyStore(module, token, PIN, patience=patience)
    keys.expiry(NAME)
    with Database(f"sqlite:///{tmp_path / 'house.db'}") as database:
        database.run(build)
        till = Till(database, StsService(keys, kept_keys=0), os.urandom, limits={}, apart=apart)
        keys.held = Event()
        start = time.monotonic()
        for _ in range(20):
            with pytest.raises(KeyStoreAwayError, match="has not answered"):
                till.pay(payment(), TODAY)
        assert time.monotonic() - start < 20 * patience / 2, "each payment waited for the call that hangs"
        before = till.last_response("r1")
        assert (before is not None and before.token == "") if apart else before is None
        assert database.read(verify) == ()
        keys.held.set()
        end = time.monotonic() + 30
        while True:
            try:
                receipt = till.pay(payment(), TODAY)
                break
            except KeyStoreAwayError:
                assert time.monotonic() < end, "the token is back, and is not used"
                time.sleep(0.02)
        assert receipt.token
        assert till.pay(payment(), TODAY) == receipt
        assert receipt.debt_left == Money.parse("6.00")
        assert database.read(verify) == ()
    keys.close()
