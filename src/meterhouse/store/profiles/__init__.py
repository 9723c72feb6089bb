"""measured consumption files: read exactly, every oddity told by row"""

from meterhouse.store.profiles.files import read_profile, table_of_csv
from meterhouse.store.profiles.findings import FINDINGS_KEPT, Finding, Problem
from meterhouse.store.profiles.nem12 import profile_of_nem12
from meterhouse.store.profiles.options import ABSURD_LITRES, ABSURD_WH, Label, ProfileOptions, SeriesKind
from meterhouse.store.profiles.profile import HomeProfile, MeasuredProfile, ProfileReport
from meterhouse.store.profiles.table import Table, profile_of_table

__all__ = [
    "ABSURD_LITRES",
    "ABSURD_WH",
    "FINDINGS_KEPT",
    "Finding",
    "HomeProfile",
    "Label",
    "MeasuredProfile",
    "Problem",
    "ProfileOptions",
    "ProfileReport",
    "SeriesKind",
    "Table",
    "profile_of_nem12",
    "profile_of_table",
    "read_profile",
    "table_of_csv",
]
