"""COSEM interface classes as data: what each class's attributes and methods are called and hold (IEC 62056-6-2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.dlms.data import Tag

__all__ = [
    "ACCOUNT",
    "ASSOCIATION",
    "CHARGE",
    "CLOCK_CLASS",
    "CREDIT",
    "DATA",
    "DISCONNECT_CONTROL",
    "EXTENDED_REGISTER",
    "INTERFACES",
    "PROFILE_GENERIC",
    "REGISTER",
    "SAP_ASSIGNMENT",
    "SECURITY_SETUP",
    "TOKEN_GATEWAY",
    "Attribute",
    "InterfaceClass",
]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a class.

    Attributes:
        index: from 1.
        name: the standard's name.
        tags: the types it may have; empty: any.
        access: what a meter usually grants: `r`, `rw` or nothing; a suggestion, never a right.
    """

    index: int
    name: str
    tags: frozenset[int]
    access: str


@dataclass(frozen=True, slots=True)
class InterfaceClass:
    """One interface class.

    Attributes:
        class_id: 1 to 65535.
        version: 0 to 255.
        name: the standard's name.
        attributes: in order, index 1 (logical_name) first.
        methods: names in order; the first is method 1.
    """

    class_id: int
    version: int
    name: str
    attributes: tuple[Attribute, ...]
    methods: tuple[str, ...] = ()

    def attribute(self, name: str) -> int:
        """The index of the attribute called `name`.

        Raises:
            UsageError: there is none.
        """
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute.index
        raise UsageError(f"class {self.name} has no attribute '{name}'")

    def method(self, name: str) -> int:
        """The index of the method called `name`.

        Raises:
            UsageError: there is none.
        """
        if name not in self.methods:
            raise UsageError(f"class {self.name} has no method '{name}'")
        return self.methods.index(name) + 1

    def holds(self, index: int, tag: int) -> bool:
        """Whether attribute `index` exists and may have type `tag`."""
        if not 1 <= index <= len(self.attributes):
            return False
        tags = self.attributes[index - 1].tags
        return not tags or tag in tags


_TYPES: Final[dict[str, frozenset[int]]] = {
    "any": frozenset(),
    "a": frozenset({Tag.ARRAY}),
    "s": frozenset({Tag.STRUCTURE}),
    "b": frozenset({Tag.BOOLEAN}),
    "bits": frozenset({Tag.BIT_STRING}),
    "os": frozenset({Tag.OCTET_STRING}),
    "dt": frozenset({Tag.OCTET_STRING, Tag.DATE_TIME}),
    "i": frozenset({Tag.INTEGER}),
    "l": frozenset({Tag.LONG}),
    "dl": frozenset({Tag.DOUBLE_LONG}),
    "u": frozenset({Tag.UNSIGNED}),
    "lu": frozenset({Tag.LONG_UNSIGNED}),
    "dlu": frozenset({Tag.DOUBLE_LONG_UNSIGNED}),
    "e": frozenset({Tag.ENUM}),
    "name": frozenset({Tag.STRUCTURE, Tag.OCTET_STRING}),
    "vs": frozenset({Tag.VISIBLE_STRING}),
}


def _class(class_id: int, version: int, name: str, attributes: str, methods: str = "") -> InterfaceClass:
    """Attributes are words `name:type` or `name:type:access`, access `r` where left out."""
    table = [Attribute(1, "logical_name", _TYPES["os"], "r")]
    for index, word in enumerate(attributes.split(), 2):
        called, kind, *access = word.split(":")
        table.append(Attribute(index, called, _TYPES[kind], access[0] if access else "r"))
    return InterfaceClass(class_id, version, name, tuple(table), tuple(methods.split()))


DATA: Final = _class(1, 0, "data", "value:any")
REGISTER: Final = _class(3, 0, "register", "value:any scaler_unit:s", "reset")
EXTENDED_REGISTER: Final = _class(
    4, 0, "extended_register", "value:any scaler_unit:s status:any capture_time:dt", "reset"
)
PROFILE_GENERIC: Final = _class(
    7,
    1,
    "profile_generic",
    "buffer:a capture_objects:a capture_period:dlu sort_method:e sort_object:s entries_in_use:dlu profile_entries:dlu",
    "reset capture",
)
CLOCK_CLASS: Final = _class(
    8,
    0,
    "clock",
    "time:dt:rw time_zone:l:rw status:u daylight_savings_begin:dt:rw daylight_savings_end:dt:rw "
    "daylight_savings_deviation:i:rw daylight_savings_enabled:b:rw clock_base:e",
    "adjust_to_quarter adjust_to_measuring_period adjust_to_minute adjust_to_preset_time preset_adjusting_time "
    "shift_time",
)
ASSOCIATION: Final = _class(
    15,
    1,
    "association_ln",
    "object_list:a associated_partners_id:s application_context_name:name xdlms_context_info:s "
    "authentication_mechanism_name:name secret:os: association_status:e security_setup_reference:os",
    "reply_to_hls_authentication change_hls_secret add_object remove_object",
)
SAP_ASSIGNMENT: Final = _class(17, 0, "sap_assignment", "sap_assignment_list:a", "connect_logical_device")
SECURITY_SETUP: Final = _class(
    64,
    1,
    "security_setup",
    "security_policy:e security_suite:e client_system_title:os server_system_title:os certificates:a",
    "security_activate key_transfer key_agreement generate_key_pair generate_certificate_request import_certificate "
    "export_certificate remove_certificate",
)
DISCONNECT_CONTROL: Final = _class(
    70,
    0,
    "disconnect_control",
    "output_state:b control_state:e control_mode:e:rw",
    "remote_disconnect remote_reconnect",
)
ACCOUNT: Final = _class(
    111,
    0,
    "account",
    "account_mode_and_status:s current_credit_in_use:u current_credit_status:bits available_credit:dl "
    "amount_to_clear:dl clearance_threshold:dl aggregated_debt:dl credit_reference_list:a charge_reference_list:a "
    "credit_charge_configuration:a token_gateway_configuration:a account_activation_time:dt account_closure_time:dt "
    "currency:s low_credit_threshold:dl:rw next_credit_available_threshold:dl max_provision:lu max_provision_period:dl",
    "activate_account close_account reset_account",
)
CREDIT: Final = _class(
    112,
    0,
    "credit",
    "current_credit_amount:dl credit_type:e priority:u warning_threshold:dl:rw limit:dl credit_configuration:bits "
    "credit_status:e preset_credit_amount:dl credit_available_threshold:dl period:dt",
    "update_amount set_amount_to_value invoke_credit",
)
CHARGE: Final = _class(
    113,
    0,
    "charge",
    "total_amount_paid:dl charge_type:e priority:u unit_charge_active:s unit_charge_passive:s:rw "
    "unit_charge_activation_time:dt:rw period:dlu charge_configuration:bits last_collection_time:dt "
    "last_collection_amount:dl total_amount_remaining:dl proportion:lu",
    "update_unit_charge activate_passive_unit_charge collect update_total_amount_remaining set_total_amount_remaining",
)
TOKEN_GATEWAY: Final = _class(
    115,
    0,
    "token_gateway",
    "token:os token_time:os token_description:a token_delivery_method:e token_status:s",
    "enter",
)

INTERFACES: Final = {
    interface.class_id: interface
    for interface in (
        DATA,
        REGISTER,
        EXTENDED_REGISTER,
        PROFILE_GENERIC,
        CLOCK_CLASS,
        ASSOCIATION,
        SAP_ASSIGNMENT,
        SECURITY_SETUP,
        DISCONNECT_CONTROL,
        ACCOUNT,
        CREDIT,
        CHARGE,
        TOKEN_GATEWAY,
    )
}
"""By class id."""
