"""A party's signature key in a PKCS#11 token: it signs there and never leaves it.

Needs the extra `pkcs11`. The pair it gives works wherever a `KeyPair` does, but for its `private`, which nobody has.
"""

from __future__ import annotations

from hashlib import sha256
from threading import Lock
from typing import Any, Final, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from meterhouse.crypto import P256, KeyPair, PublicPoint
from meterhouse.model import ConfigurationError, LinkError, StateError

__all__ = ["TokenKey", "make_token_key", "token_pair"]

_CURVE: Final = "secp256r1"
_POINT: Final = 64


class TokenKey(ec.EllipticCurvePrivateKey):
    """What signs in the token. A session that broke is opened anew at the next signature.

    Args:
        module: path of the maker's PKCS#11 library.
        token: label of the token.
        pin: of its user; kept in memory, for opening the session again.
        label: of the key.

    Raises:
        ConfigurationError: the extra is missing, the module cannot be loaded, or the token has no such key.
        LinkError: the token does not answer.
    """

    def __init__(self, module: str, token: str, pin: str, label: str) -> None:
        self._binding = _binding()
        self._lock = Lock()
        self._place = module, token, pin, label
        self._session: Any = None
        self._private: Any = None
        with self._lock:
            self._public = PublicPoint(P256, self._point(label))

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return P256.group

    @property
    def key_size(self) -> int:
        """Bits of the curve."""
        return P256.group.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Its public half."""
        return self._public.key

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """The DER signature over SHA-256 of `data`; the nonce is the token's own.

        Raises:
            LinkError: the token does not answer.
        """
        del signature_algorithm  # P-256 goes with SHA-256 here, as everywhere in the house
        with self._lock:
            for again in (True, False):
                try:
                    self._open()
                    raw = bytes(
                        self._private.sign(sha256(bytes(data)).digest(), mechanism=self._binding.Mechanism.ECDSA)
                    )
                    break
                except self._binding.PKCS11Error as error:
                    self._session = None
                    if not again:
                        raise _away(self._place[1], error) from error
        return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        """Not done: this key signs."""
        del algorithm, peer_public_key
        raise UnsupportedAlgorithm("a signature key agrees no keys")

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        """Not to be had."""
        raise UnsupportedAlgorithm("the key stays in its token")

    def private_bytes(self, *_form: Any) -> bytes:
        """Not to be had."""
        raise UnsupportedAlgorithm("the key stays in its token")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        del memo
        return self

    def _point(self, label: str) -> bytes:
        self._open()
        found = self._session.get_key(object_class=self._binding.ObjectClass.PUBLIC_KEY, label=label)
        return bytes(found[self._binding.Attribute.EC_POINT])[-_POINT:]

    def _open(self) -> None:
        if self._session is not None:
            return
        module, token, pin, label = self._place
        kinds = self._binding
        try:
            self._session = _login(module, token, pin)
            self._private = self._session.get_key(object_class=kinds.ObjectClass.PRIVATE_KEY, label=label)
        except kinds.NoSuchKey as error:
            self._session = None
            raise ConfigurationError(f"no key '{label}' is in token '{token}'") from error
        except (RuntimeError, kinds.PKCS11Error) as error:
            self._session = None
            raise _away(token, error) from error


def token_pair(module: str, token: str, pin: str, label: str) -> KeyPair:
    """The pair of a key that is in a token; see `TokenKey`."""
    return KeyPair.around(P256, TokenKey(module, token, pin, label))


def make_token_key(module: str, token: str, pin: str, label: str) -> KeyPair:
    """Make a key in the token, not to be read out; its certificate is then issued for its public half.

    Raises:
        StateError: a key has this label.
        ConfigurationError, LinkError: see `TokenKey`.
    """
    kinds = _binding()
    try:
        with _login(module, token, pin, rw=True) as session:
            if list(session.get_objects({kinds.Attribute.LABEL: label})):
                raise StateError(f"a key '{label}' is in token '{token}' already", remedy="Choose another label.")
            from pkcs11.util.ec import encode_named_curve_parameters  # noqa: PLC0415 -- an extra

            parameters = session.create_domain_parameters(
                kinds.KeyType.EC, {kinds.Attribute.EC_PARAMS: encode_named_curve_parameters(_CURVE)}, local=True
            )
            template = {kinds.Attribute.SENSITIVE: True, kinds.Attribute.EXTRACTABLE: False}
            parameters.generate_keypair(store=True, label=label, private_template=template)
    except kinds.PKCS11Error as error:
        raise _away(token, error) from error
    return token_pair(module, token, pin, label)


def _binding() -> Any:
    try:
        import pkcs11  # noqa: PLC0415 -- an extra, looked for at first use
    except ImportError as error:
        raise ConfigurationError(
            "keys in a PKCS#11 token need the extra 'pkcs11'", remedy="Say: pip install 'meterhouse[pkcs11]'."
        ) from error
    return pkcs11


def _login(module: str, token: str, pin: str, *, rw: bool = False) -> Any:
    """A session; a token lets each process log in once, and all its sessions then are."""
    kinds = _binding()
    found = kinds.lib(module).get_token(token_label=token)
    try:
        return found.open(rw=rw, user_pin=pin)
    except kinds.UserAlreadyLoggedIn:
        return found.open(rw=rw)


def _away(token: str, error: Exception) -> LinkError:
    return LinkError(
        f"token '{token}' does not answer ({type(error).__name__})",
        why="Nothing was signed.",
        remedy="Check the security module and its PIN, then try again.",
    )
