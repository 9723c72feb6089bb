"""what each page says, as plain texts that know no page library"""

from meterhouse.console.views.half_hour_series import (
    DaySpan,
    HalfHourSeries,
    day_spans,
    half_hour_series,
    series_csv,
)
from meterhouse.console.views.happening import Happening, happenings, said_of
from meterhouse.console.views.home_page_view import (
    Fact,
    MeterPanel,
    Outcome,
    RestoreOffer,
    emergency_outcome,
    key_in_outcome,
    meter_panel,
    press_outcome,
    restore_offer,
    token_progress,
)
from meterhouse.console.views.order_view import (
    BrakeLine,
    OrderLine,
    brake_line,
    order_history,
    order_line,
    order_trouble,
)
from meterhouse.console.views.payment_view import PaymentView, Step, account_choices, payment_view
from meterhouse.console.views.street_view import HomeLine, StreetSummary, home_line, street_summary
from meterhouse.console.views.supply_badge import FUEL_ICONS, FUEL_WORDS, SupplyBadge, Tone
from meterhouse.console.views.visit_view import VisitButton, VisitLine, means_of, visit_line
from meterhouse.console.views.words import day_text, money_text, time_text

__all__ = [
    "FUEL_ICONS",
    "FUEL_WORDS",
    "BrakeLine",
    "DaySpan",
    "Fact",
    "HalfHourSeries",
    "Happening",
    "HomeLine",
    "MeterPanel",
    "OrderLine",
    "Outcome",
    "PaymentView",
    "RestoreOffer",
    "Step",
    "StreetSummary",
    "SupplyBadge",
    "Tone",
    "VisitButton",
    "VisitLine",
    "account_choices",
    "brake_line",
    "day_spans",
    "day_text",
    "emergency_outcome",
    "half_hour_series",
    "happenings",
    "home_line",
    "key_in_outcome",
    "means_of",
    "meter_panel",
    "money_text",
    "order_history",
    "order_line",
    "order_trouble",
    "payment_view",
    "press_outcome",
    "restore_offer",
    "said_of",
    "series_csv",
    "street_summary",
    "time_text",
    "token_progress",
    "visit_line",
]
