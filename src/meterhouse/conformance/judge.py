"""The judge: puts a device to every check of a level, and reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from meterhouse.conformance import (
    association_checks,
    companion_checks,
    hdlc_checks,
    security_checks,
    selection_checks,
    service_checks,
    transfer_checks,
    wrapper_checks,
)
from meterhouse.conformance.bench import Bench
from meterhouse.conformance.check import Check
from meterhouse.conformance.report import Report
from meterhouse.conformance.verdict import Failed, Judgement, NotApplicable, Verdict
from meterhouse.model import LinkError, MeterhouseError, UsageError

__all__ = ["CHECKS", "COMPANION", "judge", "put_to"]

CHECKS: Final[tuple[Check, ...]] = (
    *wrapper_checks.CHECKS,
    *hdlc_checks.CHECKS,
    *association_checks.CHECKS,
    *service_checks.CHECKS,
    *transfer_checks.CHECKS,
    *selection_checks.CHECKS,
    *security_checks.CHECKS,
)
"""The DLMS level, for any product."""
COMPANION: Final[tuple[Check, ...]] = companion_checks.CHECKS
"""What the companion specification of the M link adds to it."""
_MOST: Final = 400
"""Characters of a message that a report shows."""


def judge(
    bench: Bench,
    *,
    companion: bool = False,
    only: Sequence[str] = (),
    tell: Callable[[Judgement], None] = lambda _judgement: None,
) -> Report:
    """Put the bench's device to all checks of the DLMS level that are for its link.

    Args:
        bench: with the device.
        companion: whether it must have the objects of the companion specification, too.
        only: names, or beginnings of names, of checks; all where none is given.
        tell: told each judgement as it is made.

    Raises:
        LinkError: the device cannot be reached at all.
        UsageError: `only` names no check.
    """
    link = "hdlc" if bench.hdlc else "wrapper"
    wanted = [
        check
        for check in (*CHECKS, *(COMPANION if companion else ()))
        if check.over in {"", link} and (not only or check.name.startswith(tuple(only)))
    ]
    if not wanted:
        raise UsageError(f"no check over {link} goes by {', '.join(only)}")
    _reach(bench)
    judgements = []
    for check in wanted:
        judgements.append(put_to(bench, check))
        tell(judgements[-1])
    return Report(bench.subject.product, bench.subject.maker, link, "DLMS", tuple(judgements))


def _reach(bench: Bench) -> None:
    line = bench.make_line()
    line.wire.open()
    line.close()


def put_to(bench: Bench, check: Check) -> Judgement:
    """Put the device to one check."""
    bench.forget()
    verdict, came = Verdict.PASS, ""
    try:
        check.run(bench)
    except (NotApplicable, UsageError) as reason:  # what we cannot say at all is no fault of the device's
        verdict, came = Verdict.NOT_APPLICABLE, str(reason)
    except Failed as failed:
        verdict, came = Verdict.FAIL, str(failed)
    except MeterhouseError as error:
        verdict, came = Verdict.FAIL, error.sentence() if isinstance(error, LinkError) else _complaint(bench, error)
    sent = b"" if bench.line is None else bench.line.sent
    return Judgement(check.name, check.clause, check.expected, _short(sent.hex()), _short(came), verdict)


def _complaint(bench: Bench, error: MeterhouseError) -> str:
    came = None if bench.line is None else bench.line.came
    return f"{error.sentence()} ({came.hex()})" if came else error.sentence()


def _short(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}… ({len(text)} characters)"
