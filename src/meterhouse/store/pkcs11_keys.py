"""Vending keys in a PKCS#11 token (a hardware module, or SoftHSM2): they are used there and never leave it.

Needs the extra `pkcs11`. DKGA04's HMAC and the key agreement of GB codes run inside. A decoder key or an agreed secret,
good for one meter only, comes out: EA07, EA11 and the concatenation KDF are no PKCS#11 mechanisms. DKGA02 is refused:
its last step xors the vending key itself into the result, so whoever sees the steps before it knows the key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from meterhouse.crypto import P256, KeyPair
from meterhouse.model import ConfigurationError, StateError, UsageError
from meterhouse.protocols.sts import NEVER_EXPIRES
from meterhouse.store.key_usage import KeyUsage
from meterhouse.store.patient_thread import PatientThread
from meterhouse.supplier.vending import AGREEMENT_KEY, DKGA04_KEY, KeyName, KeyStoreAwayError

__all__ = ["Pkcs11KeyStore"]

T = TypeVar("T")

_HMAC_LENGTH: Final = 32
"""Tokens refuse shorter HMAC-SHA-256 keys. A key padded with zeros gives the same MAC by HMAC's definition."""
_CURVE: Final = "secp256r1"
_AGREED_BITS: Final = 256
_PATIENCE_SECONDS: Final = 5.0
_WRONG_PIN: Final = frozenset({"PinIncorrect", "PinInvalid", "PinLenRange", "PinExpired", "PinLocked"})


class Pkcs11KeyStore:
    """A `KeyStore` in a token. Thread-safe; opens its session at the first use, and anew after the token was away.

    All calls into the maker's library are made from one thread, and none is waited for without end.

    Keys are found by label `group/revision`; the CKA_ID of a key is one octet, its KEN. Keys that an HSM maker's own
    tool has loaded serve as well, if they have these two. The PIN is kept in memory, for opening the session again.

    Args:
        module: path of the maker's PKCS#11 library.
        token: label of the token.
        pin: of its user.
        usage: counts what the keys make and holds their caps; None counts nothing.
        patience: how long a call may take, s; after it the store counts as away until that call has come back.

    Raises:
        ConfigurationError: the extra is not installed, or the module cannot be loaded.
    """

    __slots__ = ("_held", "_kens", "_library", "_pin", "_pkcs11", "_session", "_thread", "_token", "_usage")

    def __init__(
        self, module: str, token: str, pin: str, usage: KeyUsage | None = None, *, patience: float = _PATIENCE_SECONDS
    ) -> None:
        self._pkcs11 = _library_binding()
        try:
            self._library = self._pkcs11.lib(module)
        except (RuntimeError, self._pkcs11.PKCS11Error) as error:
            raise ConfigurationError(
                f"the PKCS#11 module {module} cannot be loaded",
                why=f"It said: {error}.",
                remedy="Give the path of the library that came with the module; for SoftHSM2, libsofthsm2.so.",
            ) from error
        self._token = token
        self._pin = pin
        self._usage = usage
        self._session: Any = None
        self._held: dict[tuple[KeyName, object], Any] = {}
        self._kens: dict[KeyName, int] = {}
        self._thread = PatientThread(f"token {token}", patience)

    def mac(self, name: KeyName, message: bytes) -> bytes:
        """The HMAC-SHA-256 of a message, reckoned in the token."""
        kinds = self._pkcs11
        mechanism = kinds.Mechanism.SHA256_HMAC
        return self._inside(lambda: bytes(self._secret(name).sign(message, mechanism=mechanism)))

    def dkga02(self, name: KeyName, mixed: bytes) -> bytes:
        """Always refused, see the module.

        Raises:
            ConfigurationError: always.
        """
        raise ConfigurationError(
            f"vending key {name}: a PKCS#11 token cannot make DKGA02 keys of {len(mixed)} octets",
            why="The last step of DKGA02 needs the vending key itself, which never leaves the token.",
            remedy="Move these meters to DKGA04 by key change tokens, or keep their old key in the file store.",
        )

    def agree(self, name: KeyName, public: bytes) -> bytes:
        """The secret shared with a public point of 64 octets, agreed in the token."""
        kinds = self._pkcs11
        attribute = kinds.Attribute
        template = {attribute.TOKEN: False, attribute.SENSITIVE: False, attribute.EXTRACTABLE: True}

        def derive() -> bytes:
            private = self._found(name, kinds.ObjectClass.PRIVATE_KEY)
            secret = private.derive_key(
                kinds.KeyType.GENERIC_SECRET,
                _AGREED_BITS,
                mechanism_param=(kinds.KDF.NULL, None, b"\x04" + public),
                template=template,
            )
            try:
                return bytes(secret[attribute.VALUE])
            finally:
                secret.destroy()

        _checked_point(public)
        return self._inside(derive)

    def expiry(self, name: KeyName) -> int:
        """The KEN in the key's CKA_ID; 255 where there is none."""
        kinds = self._pkcs11

        def read() -> int:
            try:
                key = self._secret(name)
            except ConfigurationError:
                key = self._found(name, kinds.ObjectClass.PRIVATE_KEY)
            told = bytes(key[kinds.Attribute.ID])
            self._kens[name] = told[0] if len(told) == 1 else NEVER_EXPIRES
            return self._kens[name]

        known = self._kens.get(name)
        return self._inside(read) if known is None else known

    def spend(self, name: KeyName, money5: int, currency: str = "") -> None:
        """Count one token against the key.

        Raises:
            KeyCapError: its cap is reached.
        """
        if self._usage is not None:
            self._usage.spend(name, money5, currency)

    def add(self, supply_group: str, key_revision: int, key: bytes, *, ken: int = NEVER_EXPIRES) -> None:
        """Load a key into the token for good, not to be read out again.

        Args:
            supply_group: its SGC, or the group that its scheme calls it by.
            key_revision: its KRN.
            key: 20 octets (DKGA04) or a P-256 private key of 32.
            ken: its key expiry number, 0 to 255.

        Raises:
            UsageError: the key is of no length that can be used here, or `ken` is out of range.
            StateError: a key of this name is there already.
        """
        if len(key) not in (DKGA04_KEY, AGREEMENT_KEY):
            raise UsageError(f"a token takes keys of {DKGA04_KEY} or {AGREEMENT_KEY} octets, not {len(key)}")
        if not 0 <= ken <= NEVER_EXPIRES:
            raise UsageError(f"key expiry number {ken} is not 0 to {NEVER_EXPIRES}")
        name = KeyName(supply_group, key_revision)
        if self.has(supply_group, key_revision):
            raise StateError(
                f"vending key {name} is in the token already", remedy="Give the new key the next revision."
            )
        template = self._secret_template(key) if len(key) == DKGA04_KEY else self._private_template(key)
        attribute = self._pkcs11.Attribute
        common = {
            attribute.TOKEN: True,
            attribute.PRIVATE: True,
            attribute.SENSITIVE: True,
            attribute.EXTRACTABLE: False,
            attribute.LABEL: str(name),
            attribute.ID: bytes([ken]),
        }
        self._inside(lambda: self._session.create_object({**template, **common}))
        if self._usage is not None:
            self._usage.told("key added", name, ken=ken)

    def has(self, supply_group: str, key_revision: int) -> bool:
        """Whether a key is here."""
        try:
            self.expiry(KeyName(supply_group, key_revision))
        except ConfigurationError:
            return False
        return True

    def close(self) -> None:
        """Log out; the next use opens the session again."""
        try:
            self._thread.call(self._drop)
        except TimeoutError:
            return  # its session ends with the process
        finally:
            self._thread.close()

    def _secret_template(self, key: bytes) -> dict[Any, object]:
        kinds, attribute = self._pkcs11, self._pkcs11.Attribute
        return {
            attribute.CLASS: kinds.ObjectClass.SECRET_KEY,
            attribute.KEY_TYPE: kinds.KeyType.GENERIC_SECRET,
            attribute.VALUE: key.ljust(_HMAC_LENGTH, b"\0"),
            attribute.SIGN: True,
        }

    def _private_template(self, key: bytes) -> dict[Any, object]:
        kinds, attribute = self._pkcs11, self._pkcs11.Attribute
        from pkcs11.util.ec import encode_named_curve_parameters  # noqa: PLC0415 - an extra, looked for at first use

        return {
            attribute.CLASS: kinds.ObjectClass.PRIVATE_KEY,
            attribute.KEY_TYPE: kinds.KeyType.EC,
            attribute.EC_PARAMS: encode_named_curve_parameters(_CURVE),
            attribute.VALUE: KeyPair(P256, key).private,
            attribute.DERIVE: True,
        }

    def _secret(self, name: KeyName) -> Any:
        return self._found(name, self._pkcs11.ObjectClass.SECRET_KEY)

    def _found(self, name: KeyName, kind: object) -> Any:
        key = self._held.get((name, kind))
        if key is None:
            try:
                key = self._session.get_key(object_class=kind, label=str(name))
            except (self._pkcs11.NoSuchKey, self._pkcs11.MultipleObjectsReturned) as error:
                raise ConfigurationError(
                    f"no single vending key {name} of this kind is in token '{self._token}'",
                    why="Tokens for its meters cannot be made without it.",
                    remedy="Load the key into the token, under this label.",
                ) from error
            self._held[name, kind] = key
        return key

    def _inside(self, work: Callable[[], T]) -> T:
        """Do something in the token; whatever it fails of, the session is dropped and the next call opens it anew."""
        try:
            return self._thread.call(lambda: self._in_session(work))
        except TimeoutError:
            raise KeyStoreAwayError(
                f"token '{self._token}' has not answered in time",
                why="Its module holds a call without an end. A payment that was under way is not taken.",
                remedy="Send the same request again; if it goes on, restart the security module.",
            ) from None

    def _in_session(self, work: Callable[[], T]) -> T:
        try:
            if self._session is None:
                self._session = self._library.get_token(token_label=self._token).open(rw=True, user_pin=self._pin)
            return work()
        except self._pkcs11.PKCS11Error as error:
            self._drop()
            kind = type(error).__name__
            if kind in _WRONG_PIN:
                raise ConfigurationError(
                    f"token '{self._token}' refuses the PIN ({kind})", remedy="Give its user PIN."
                ) from None
            raise KeyStoreAwayError(
                f"token '{self._token}' does not answer ({kind})",
                why="Nothing was made: a payment that was under way is not taken.",
                remedy="Send the same request again; if it goes on, check the security module.",
            ) from error

    def _drop(self) -> None:
        session, self._session = self._session, None
        self._held.clear()
        self._kens.clear()
        if session is not None:
            try:
                session.close()
            except self._pkcs11.PKCS11Error:
                return  # it was gone already

    def __repr__(self) -> str:
        return f"Pkcs11KeyStore({self._token!r})"


def _checked_point(public: bytes) -> None:
    if len(public) != 2 * P256.size:
        raise UsageError(f"a public point on P-256 has {2 * P256.size} octets, not {len(public)}")


def _library_binding() -> Any:
    try:
        import pkcs11  # noqa: PLC0415 - an extra, looked for at first use
    except ImportError as error:
        raise ConfigurationError(
            "vending keys in a PKCS#11 token need the extra 'pkcs11'", remedy="Say: pip install 'meterhouse[pkcs11]'."
        ) from error
    return pkcs11
