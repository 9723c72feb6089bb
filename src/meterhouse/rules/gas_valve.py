"""The gas valve, the HAN-failure countdown and the button, as truth tables.

Source: the remote gas prepayment scheme (Appendix C of the consultation response), figures 10 and 11, with the readings
C-03, C-05, C-07 and C-24 of its contradictions. Every function is total: any integers in, a small int out.
"""

from __future__ import annotations

__all__ = ["button_opens", "countdown_after_miss", "countdown_may_reset", "valve_closes"]


def valve_closes(open_: bool, volume_l: int, cutoff_l: int, friendly: bool, comms_ok: bool, countdown: int) -> bool:
    """Whether an open valve closes now.

    The cut-off must be reached AND the link must work, or its countdown must have ended (S0-125); never while friendly
    credit is in force (S0-109).

    Args:
        open_: the valve is open.
        volume_l: total register, litres.
        cutoff_l: cut-off volume, litres.
        friendly: friendly credit is in force.
        comms_ok: the last half hour's report was acknowledged.
        countdown: half hours without communication that are still allowed, ≥ 0.
    """
    return open_ and volume_l >= cutoff_l and not friendly and (comms_ok or countdown == 0)


def button_opens(closed: bool, comms_ok: bool, countdown: int) -> bool:
    """Whether the HAN-failure button opens the valve: closed, off line, countdown left (S0-134, figure 11)."""
    return closed and not comms_ok and countdown > 0


def countdown_after_miss(countdown: int) -> int:
    """The countdown after a half hour without an acknowledged report; it stays at zero (S0-126)."""
    return countdown - 1 if countdown > 0 else 0


def countdown_may_reset(balance_money5: int) -> bool:
    """Whether a contact refills the countdown: the balance, all recovered gas charged, is above zero (C-07)."""
    return balance_money5 > 0
