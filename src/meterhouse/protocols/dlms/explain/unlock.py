"""Opens ciphered APDUs to explain them: what fails its tag is never shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from meterhouse.crypto.gcm import TAG_LENGTH, GcmKey
from meterhouse.model import AuthenticationError, UsageError

__all__ = ["ExplainKeys"]


@dataclass(frozen=True, slots=True)
class ExplainKeys:
    """The keys that a person has at hand.

    Attributes:
        encryption: 16 or 32 bytes; empty: none.
        authentication: likewise; may be empty where only encryption is used.
        title: the sender's system title, 8 bytes; needed where the APDU does not carry it.
    """

    encryption: bytes = field(default=b"", repr=False)
    authentication: bytes = field(default=b"", repr=False)
    title: bytes = b""

    def __post_init__(self) -> None:
        """Refuse keys of another length."""
        for name, key in (("encryption", self.encryption), ("authentication", self.authentication)):
            if len(key) not in {0, 16, 32}:
                raise UsageError(f"the {name} key has {len(key)} bytes, not 16 or 32")
        if len(self.title) not in {0, 8}:
            raise UsageError(f"the system title has {len(self.title)} bytes, not 8")

    def open(self, control: int, counter: bytes, body: bytes, title: bytes) -> bytes:
        """The plain APDU.

        Raises:
            AuthenticationError: a wrong tag, or something that is needed is not at hand.
        """
        title = title or self.title
        if not self.encryption or len(title) != 8 or (control & 0x10 and not self.authentication):
            raise AuthenticationError("not opened", why="The keys or the sender's system title are not given.")
        key, nonce = GcmKey(self.encryption), title + counter
        associated = bytes((control,)) + self.authentication
        if control & 0x30 == 0x30:
            return key.open(nonce, body, associated)
        if control & 0x20:
            return key.conceal(nonce, body)
        if len(body) < TAG_LENGTH:
            raise AuthenticationError("authentication failed", why="The message is shorter than its tag.")
        key.verify(nonce, associated + body[:-TAG_LENGTH], body[-TAG_LENGTH:])
        return body[:-TAG_LENGTH]
