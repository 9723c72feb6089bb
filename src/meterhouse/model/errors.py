"""Every error of the house, drawn as one tree.

::

    MeterhouseError
    ├── LocalError               the caller's fault; a retry of the same call cannot help
    │   ├── UsageError           an argument is outside its range or of the wrong kind
    │   ├── StateError           the call is not allowed in this state
    │   ├── NotFoundError        nothing goes by that name
    │   ├── PolicyError          a rule of the house says no
    │   └── ConfigurationError   settings, data folder, ports, keys at hand
    ├── RemoteError              the peer's fault
    │   ├── MalformedError       its bytes do not decode; the only error a decoder raises
    │   ├── AuthenticationError  its tag, MAC or signature is wrong; nothing was believed
    │   ├── ReplayError          its counter does not rise
    │   ├── ProtocolError        well-formed, but not allowed now
    │   └── RefusedError         the peer said no, with a reason
    ├── LinkError                nobody's fault: no answer or no link in time; a retry may help
    └── StorageError             the data folder could not keep it; nothing was half-applied

Each class says whose fault it is (`party`) and whether a retry may help (`retry`). An instance says what happened
(`str(error)`), why (`why`) and what to do next (`remedy`); a protocol's own subclass says what to answer on the wire.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

__all__ = [
    "AuthenticationError",
    "ConfigurationError",
    "LinkError",
    "LocalError",
    "MalformedError",
    "MeterhouseError",
    "NotFoundError",
    "PolicyError",
    "ProtocolError",
    "RefusedError",
    "RemoteError",
    "ReplayError",
    "StateError",
    "StorageError",
    "UsageError",
]

_STOPS: Final = ".!?:"

Party = Literal["local", "remote", "link", "storage"]


class MeterhouseError(Exception):
    """Root of all errors. Not raised itself.

    Args:
        what: one plain sentence: the field, the value, what is wrong with it.
        why: the rule that was broken, with its clause where there is one.
        remedy: what the reader can do next.
    """

    party: ClassVar[Party] = "local"
    retry: ClassVar[bool] = False

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy

    def sentence(self) -> str:
        """Everything a person needs, on one line."""
        parts = [part for part in (self.what, self.why, self.remedy) if part]
        return " ".join(part if part[-1] in _STOPS else f"{part}." for part in parts)


class LocalError(MeterhouseError):
    """The caller's fault."""


class UsageError(LocalError):
    """An argument is outside its range or of the wrong kind."""


class StateError(LocalError):
    """The call is not allowed in this state."""


class NotFoundError(LocalError):
    """Nothing goes by that name."""


class PolicyError(LocalError):
    """A rule of the house says no; the reason is in `why`."""


class ConfigurationError(LocalError):
    """Settings, data folder, ports or keys at hand don't fit."""


class RemoteError(MeterhouseError):
    """The peer's fault."""

    party: ClassVar[Party] = "remote"


class MalformedError(RemoteError):
    """Bytes that don't decode. The only error a decoder raises."""


class AuthenticationError(RemoteError):
    """A tag, MAC or signature is wrong. Nothing of the message was believed."""


class ReplayError(RemoteError):
    """A counter does not rise: an old message, played again."""


class ProtocolError(RemoteError):
    """Well-formed, but not allowed in this state of the conversation."""


class RefusedError(RemoteError):
    """The peer answered no. `code` is its reason on the wire."""

    def __init__(self, what: str, *, code: int = 0, why: str = "", remedy: str = "") -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.code = code


class LinkError(MeterhouseError):
    """No link or no answer in time."""

    party: ClassVar[Party] = "link"
    retry: ClassVar[bool] = True


class StorageError(MeterhouseError):
    """The data folder could not keep it. Nothing was half-applied."""

    party: ClassVar[Party] = "storage"
