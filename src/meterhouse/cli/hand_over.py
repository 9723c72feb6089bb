"""`meterhouse trust hand-over`: devices that change their supplier, by the change-of-supplier party and the gainer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from meterhouse.cli.talk import say, spoken, write_json
from meterhouse.model import Eui64, Fuel, Instant, NotFoundError, UsageError

__all__ = ["hand_over"]

_DATA: Final = Path("meterhouse-data")
_TRUST: Final = Path("meterhouse-trust")


@spoken
def hand_over(
    home: Annotated[str, typer.Argument(help="Home whose devices change hands; empty lists all changes.")] = "",
    to: Annotated[Path | None, typer.Option(help="Folder of the supplier that gains it.")] = None,
    fuel: Annotated[list[Fuel] | None, typer.Option(help="Of which fuel; both if none is given.")] = None,
    data: Annotated[Path, typer.Option(help="Data folder of the house; a street may be running on it.")] = _DATA,
    trust: Annotated[Path, typer.Option(help="Trust folder; its signing daemon must be running.")] = _TRUST,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Hand a home's devices to another supplier; the one that loses them is refused from that moment.

    The gainer's folder is made by `meterhouse trust issue supplier EUI --to FOLDER`, and `issue confirm EUI --to
    FOLDER/confirm`. The running street brings the order to each device; look again for what it said.
    """
    import os  # noqa: PLC0415 -- with the others below

    from meterhouse.app.change_desk import kept_changes, office_papers, order_change  # noqa: PLC0415 -- slow to import
    from meterhouse.app.counter_folder import open_books  # noqa: PLC0415 -- as above
    from meterhouse.app.gainer_papers import gainer_papers  # noqa: PLC0415 -- as above
    from meterhouse.app.trust_settings import POLICY, parse_trust_settings  # noqa: PLC0415 -- as above
    from meterhouse.app.work_orders import open_work_orders  # noqa: PLC0415 -- as above
    from meterhouse.links import SystemClock  # noqa: PLC0415 -- as above
    from meterhouse.store import SqlHomeBook  # noqa: PLC0415 -- as above

    with open_books(data) as database:
        if home:
            if to is None:
                raise UsageError("nobody is named who gains it", remedy="Say --to FOLDER.")
            wall = SystemClock().now()
            office = office_papers(trust, wall)
            papers = gainer_papers(to, trust / "root.pem", wall, os.urandom)
            own = parse_trust_settings(trust / "signing" / POLICY).supplier
            meters = database.read(lambda tx: SqlHomeBook(tx).meters(home))
            chosen: list[Eui64] = [device for device, one in meters if not fuel or one in fuel]
            if not chosen:
                raise NotFoundError(f"no home '{home}' with such a meter", remedy="Look at the homes of the street.")
            now: Instant = open_work_orders(database, trust).now()
            for device in chosen:
                order_change(database, office, papers, device, own, now)
        changes = list(database.read(kept_changes).values())
    if json:
        write_json([{name: one for name, one in change.document().items() if name != "order"} for change in changes])
        return
    for change in changes:
        why = f" ({change.why})" if change.why else ""
        say.print(f"{change.device}: from {change.loser} to {change.gainer}, {change.state}{why}.")
