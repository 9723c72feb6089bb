"""COSEM interface classes as data: what each class's attributes and methods are called and hold (IEC 62056-6-2)."""

from __future__ import annotations

from typing import Final

from meterhouse.protocols.dlms.interface_class import Attribute, InterfaceClass, declare
from meterhouse.protocols.dlms.interfaces_control import CONTROL_CLASSES
from meterhouse.protocols.dlms.interfaces_network import NETWORK_CLASSES

__all__ = [
    "ACCOUNT",
    "ASSOCIATION",
    "CHARGE",
    "CLOCK_CLASS",
    "COMPACT_DATA",
    "CREDIT",
    "DATA",
    "DEMAND_REGISTER",
    "DISCONNECT_CONTROL",
    "EXTENDED_REGISTER",
    "INTERFACES",
    "PROFILE_GENERIC",
    "REGISTER",
    "REGISTER_ACTIVATION",
    "REGISTER_TABLE",
    "SAP_ASSIGNMENT",
    "SECURITY_SETUP",
    "STATUS_MAPPING",
    "TOKEN_GATEWAY",
    "UTILITY_TABLES",
    "Attribute",
    "InterfaceClass",
]

DATA: Final = declare(1, 0, "data", "value:any")
REGISTER: Final = declare(3, 0, "register", "value:any scaler_unit:s", "reset")
EXTENDED_REGISTER: Final = declare(
    4, 0, "extended_register", "value:any scaler_unit:s status:any capture_time:dt", "reset"
)
PROFILE_GENERIC: Final = declare(
    7,
    1,
    "profile_generic",
    "buffer:table capture_objects:a capture_period:dlu sort_method:e sort_object:s entries_in_use:dlu "
    "profile_entries:dlu",
    "reset capture",
)
CLOCK_CLASS: Final = declare(
    8,
    0,
    "clock",
    "time:dt:rw time_zone:l:rw status:u daylight_savings_begin:dt:rw daylight_savings_end:dt:rw "
    "daylight_savings_deviation:i:rw daylight_savings_enabled:b:rw clock_base:e",
    "adjust_to_quarter adjust_to_measuring_period adjust_to_minute adjust_to_preset_time preset_adjusting_time "
    "shift_time",
)
ASSOCIATION: Final = declare(
    15,
    1,
    "association_ln",
    "object_list:a associated_partners_id:s application_context_name:name xdlms_context_info:s "
    "authentication_mechanism_name:name secret:os: association_status:e security_setup_reference:os",
    "reply_to_hls_authentication change_hls_secret add_object remove_object",
)
SAP_ASSIGNMENT: Final = declare(17, 0, "sap_assignment", "sap_assignment_list:a", "connect_logical_device")
SECURITY_SETUP: Final = declare(
    64,
    1,
    "security_setup",
    "security_policy:e security_suite:e client_system_title:os server_system_title:os certificates:a",
    "security_activate key_transfer key_agreement generate_key_pair generate_certificate_request import_certificate "
    "export_certificate remove_certificate",
)
DISCONNECT_CONTROL: Final = declare(
    70,
    0,
    "disconnect_control",
    "output_state:b control_state:e control_mode:e:rw",
    "remote_disconnect remote_reconnect",
)
ACCOUNT: Final = declare(
    111,
    0,
    "account",
    "account_mode_and_status:s current_credit_in_use:u current_credit_status:bits available_credit:dl "
    "amount_to_clear:dl clearance_threshold:dl aggregated_debt:dl credit_reference_list:a charge_reference_list:a "
    "credit_charge_configuration:a token_gateway_configuration:a account_activation_time:dt account_closure_time:dt "
    "currency:s low_credit_threshold:dl:rw next_credit_available_threshold:dl max_provision:lu max_provision_period:dl",
    "activate_account close_account reset_account",
)
CREDIT: Final = declare(
    112,
    0,
    "credit",
    "current_credit_amount:dl credit_type:e priority:u warning_threshold:dl:rw limit:dl credit_configuration:bits "
    "credit_status:e preset_credit_amount:dl credit_available_threshold:dl period:dt",
    "update_amount set_amount_to_value invoke_credit",
)
CHARGE: Final = declare(
    113,
    0,
    "charge",
    "total_amount_paid:dl charge_type:e priority:u unit_charge_active:s unit_charge_passive:s:rw "
    "unit_charge_activation_time:dt:rw period:dlu charge_configuration:bits last_collection_time:dt "
    "last_collection_amount:dl total_amount_remaining:dl proportion:lu",
    "update_unit_charge activate_passive_unit_charge collect update_total_amount_remaining set_total_amount_remaining",
)
TOKEN_GATEWAY: Final = declare(
    115,
    0,
    "token_gateway",
    "token:os token_time:os token_description:a token_delivery_method:e token_status:s",
    "enter",
)
DEMAND_REGISTER: Final = declare(
    5,
    0,
    "demand_register",
    "current_average_value:any last_average_value:any scaler_unit:s status:any capture_time:dt "
    "start_time_current:dt period:dlu number_of_periods:lu",
    "reset next_period",
)
REGISTER_ACTIVATION: Final = declare(
    6,
    0,
    "register_activation",
    "register_assignment:a mask_list:a active_mask:os:rw",
    "add_register add_mask delete_mask",
)
UTILITY_TABLES: Final = declare(26, 0, "utility_tables", "table_id:lu length:dlu buffer:os")
REGISTER_TABLE: Final = declare(
    61, 0, "register_table", "table_cell_values:table table_cell_definition:s scaler_unit:s", "reset capture"
)
COMPACT_DATA: Final = declare(
    62,
    1,
    "compact_data",
    "compact_buffer:os capture_objects:a:rw template_id:u template_description:os capture_method:e:rw",
    "reset capture",
)
STATUS_MAPPING: Final = declare(63, 0, "status_mapping", "status_word:any mapping_table:s")

CORE_CLASSES: Final = (
    DATA,
    REGISTER,
    EXTENDED_REGISTER,
    DEMAND_REGISTER,
    REGISTER_ACTIVATION,
    PROFILE_GENERIC,
    CLOCK_CLASS,
    ASSOCIATION,
    SAP_ASSIGNMENT,
    UTILITY_TABLES,
    REGISTER_TABLE,
    COMPACT_DATA,
    STATUS_MAPPING,
    SECURITY_SETUP,
    DISCONNECT_CONTROL,
    ACCOUNT,
    CREDIT,
    CHARGE,
    TOKEN_GATEWAY,
)

INTERFACES: Final = {interface.class_id: interface for interface in (*CORE_CLASSES, *CONTROL_CLASSES, *NETWORK_CLASSES)}
"""By class id."""
