"""What every harness shares: one decoder, one error class that it may raise, and a count of what was run."""

from __future__ import annotations

import sys
from collections.abc import Callable

import atheris

__all__ = ["run"]


def run(decode: Callable[[bytes], object], allowed: type[Exception] | tuple[type[Exception], ...]) -> None:
    """Feed `decode` until libFuzzer's own limits end the run; anything but a value or `allowed` is a finding.

    Arguments of the command line are libFuzzer's, such as -runs=10000000 -max_len=512.
    """

    def one(octets: bytes) -> None:
        try:
            decode(octets)
        except allowed:
            return

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
