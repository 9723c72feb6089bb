"""The half-hour bar chart of one fuel, with its total and its export."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, Final
from urllib.parse import quote

from nicegui import ui

from meterhouse.console.api import API_PATH
from meterhouse.console.views import FUEL_WORDS, DaySpan, HalfHourSeries
from meterhouse.model import HALF_HOURS_A_DAY, Fuel, isoformat

__all__ = ["HalfHourChart"]

_COLOURS: Final = {Fuel.ELECTRICITY: "#3f86c9", Fuel.GAS: "#d98324"}
_INK: Final = "#84909f"
_FAINT: Final = "rgba(132, 144, 159, 0.22)"
_LONGEST_DAY: Final = 50
_DAY_ONLY: Final = "label => label.slice(0, -6)"
"""JavaScript: several days are labelled by day, without the `00:00`; the tooltip still says both."""


class HalfHourChart:
    """One fuel's bars. Resent to the browser only when the half hours or the chosen days change."""

    def __init__(self, home: str, fuel: Fuel, zone: tzinfo) -> None:
        self._home = home
        self._fuel = fuel
        self._zone = zone
        self._shown: HalfHourSeries | None = None
        self._chart = ui.echart(_options(HalfHourSeries(fuel, ()), zone)).classes("mh-chart").mark(f"chart-{fuel}")
        with ui.element("div").classes("mh-chart-foot"):
            self._caption = ui.label("").mark(f"caption-{fuel}")
            with ui.element("a").classes("mh-link mh-export").props("download") as self._export:
                ui.icon("download")
                ui.label("CSV")

    def show(self, series: HalfHourSeries, span: DaySpan | None) -> None:
        """Draw the half hours of `span`, and offer exactly these as CSV."""
        if series == self._shown:
            return
        self._shown = series
        self._chart.options.clear()
        self._chart.options.update(_options(series, self._zone))
        self._chart.update()
        self._caption.text = series.caption()
        self._chart.props(f'role="img" aria-label="{FUEL_WORDS[self._fuel]}: {series.caption()}"')
        bounds = f"&since={isoformat(span.since)}&until={isoformat(span.until)}" if span else ""
        self._export.props["href"] = f"{API_PATH}/homes/{quote(self._home)}/half-hours.csv?fuel={self._fuel}{bounds}"


def _options(series: HalfHourSeries, zone: tzinfo) -> dict[str, Any]:
    one_day = len(series.rows) <= _LONGEST_DAY
    return {
        "animation": False,
        "grid": {"left": 8, "right": 12, "top": 30, "bottom": 8, "containLabel": True},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "confine": True},
        "xAxis": {
            "type": "category",
            "data": series.labels(zone, with_day=not one_day),
            "axisLabel": {
                "color": _INK,
                "hideOverlap": True,
                "interval": 7 if one_day else HALF_HOURS_A_DAY - 1,
                "align": "center" if one_day else "left",
                **({} if one_day else {":formatter": _DAY_ONLY}),
            },
            "axisLine": {"lineStyle": {"color": _FAINT}},
            "axisTick": {"show": False},
        },
        "legend": {"data": ["missing"] if series.gaps else [], "right": 8, "top": 0, "textStyle": {"color": _INK}},
        "yAxis": [
            {
                "type": "value",
                "name": f"{series.unit} a half hour",
                "nameTextStyle": {"color": _INK, "align": "left", "padding": 0},
                "axisLabel": {"color": _INK},
                "splitLine": {"lineStyle": {"color": _FAINT}},
            },
            {"type": "value", "min": 0, "max": 1, "show": False, "axisLabel": {"show": False}},
        ],
        "series": [
            {
                "type": "bar",
                "name": series.unit,
                "data": [amount for _, amount in series.rows],
                "itemStyle": {"color": _COLOURS[series.fuel], "borderRadius": [2, 2, 0, 0]},
                "barCategoryGap": "14%",
            },
            _missing(series),
        ],
    }


def _missing(series: HalfHourSeries) -> dict[str, Any]:
    """A gap is a grey band of full height under its own name, never a bar of height zero."""
    return {
        "type": "bar",
        "name": "missing",
        "yAxisIndex": 1,
        "barGap": "-100%",
        "barCategoryGap": "14%",
        "silent": True,
        "itemStyle": {"color": _FAINT},
        "tooltip": {"show": False},
        "data": [1 if amount is None else None for _, amount in series.rows],
    }
