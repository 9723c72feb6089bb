"""Interface classes of time, events and control: scripts, calendars, monitors, limits, images (IEC 62056-6-2 §4.5)."""

from __future__ import annotations

from typing import Final

from meterhouse.protocols.dlms.interface_class import declare

__all__ = [
    "ACTIVITY_CALENDAR",
    "ARBITRATOR",
    "CONTROL_CLASSES",
    "IMAGE_TRANSFER",
    "LIMITER",
    "PARAMETER_MONITOR",
    "REGISTER_MONITOR",
    "SCRIPT_TABLE",
    "SINGLE_ACTION_SCHEDULE",
    "SPECIAL_DAYS_TABLE",
]

SCRIPT_TABLE: Final = declare(9, 0, "script_table", "scripts:a:rw", "execute")
SPECIAL_DAYS_TABLE: Final = declare(11, 0, "special_days_table", "entries:a:rw", "insert delete")
IMAGE_TRANSFER: Final = declare(
    18,
    0,
    "image_transfer",
    "image_block_size:dlu image_transferred_blocks_status:bits image_first_not_transferred_block_number:dlu "
    "image_transfer_enabled:b:rw image_transfer_status:e image_to_activate_info:a",
    "image_transfer_initiate image_block_transfer image_verify image_activate",
)
ACTIVITY_CALENDAR: Final = declare(
    20,
    0,
    "activity_calendar",
    "calendar_name_active:os season_profile_active:a week_profile_table_active:a day_profile_table_active:a "
    "calendar_name_passive:os:rw season_profile_passive:a:rw week_profile_table_passive:a:rw "
    "day_profile_table_passive:a:rw activate_passive_calendar_time:dt:rw",
    "activate_passive_calendar",
)
REGISTER_MONITOR: Final = declare(21, 0, "register_monitor", "thresholds:a:rw monitored_value:s:rw actions:a:rw")
SINGLE_ACTION_SCHEDULE: Final = declare(
    22, 0, "single_action_schedule", "executed_script:s:rw type:e:rw execution_time:a:rw"
)
PARAMETER_MONITOR: Final = declare(
    65,
    1,
    "parameter_monitor",
    "changed_parameter:s capture_time:dt parameter_list:a parameter_list_name:os hash_algorithm_id:e "
    "parameter_value_digest:os parameter_values:s",
    "add_parameter delete_parameter",
)
ARBITRATOR: Final = declare(
    68,
    0,
    "arbitrator",
    "actions:a:rw permissions_table:a:rw weightings_table:a:rw most_recent_requests_table:a last_outcome:u",
    "request_action reset",
)
LIMITER: Final = declare(
    71,
    0,
    "limiter",
    "monitored_value:s:rw threshold_active:any threshold_normal:any:rw threshold_emergency:any:rw "
    "min_over_threshold_duration:dlu:rw min_under_threshold_duration:dlu:rw emergency_profile:s:rw "
    "emergency_profile_group_id_list:a:rw emergency_profile_active:b actions:s:rw",
)

CONTROL_CLASSES: Final = (
    SCRIPT_TABLE,
    SPECIAL_DAYS_TABLE,
    IMAGE_TRANSFER,
    ACTIVITY_CALENDAR,
    REGISTER_MONITOR,
    SINGLE_ACTION_SCHEDULE,
    PARAMETER_MONITOR,
    ARBITRATOR,
    LIMITER,
)
