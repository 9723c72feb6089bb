"""Interface classes of ports, modems, networks, M-Bus and ZigBee (IEC 62056-6-2 §4.7 to §4.14)."""

from __future__ import annotations

from typing import Final

from meterhouse.protocols.dlms.interface_class import declare

__all__ = [
    "AUTO_ANSWER",
    "AUTO_CONNECT",
    "GPRS_MODEM_SETUP",
    "GSM_DIAGNOSTIC",
    "HDLC_SETUP",
    "IPV4_SETUP",
    "IPV6_SETUP",
    "LOCAL_PORT_SETUP",
    "MAC_ADDRESS_SETUP",
    "MBUS_CLIENT",
    "MBUS_DIAGNOSTIC",
    "MBUS_MASTER_PORT_SETUP",
    "MBUS_SLAVE_PORT_SETUP",
    "MODEM_CONFIGURATION",
    "MODE_Q_CHANNEL",
    "NETWORK_CLASSES",
    "PPP_SETUP",
    "PUSH_SETUP",
    "SMTP_SETUP",
    "TCP_UDP_SETUP",
    "ZIGBEE_APS_FRAGMENTATION",
    "ZIGBEE_NETWORK_CONTROL",
    "ZIGBEE_SAS_JOIN",
    "ZIGBEE_SAS_STARTUP",
    "ZIGBEE_TUNNEL_SETUP",
]

LOCAL_PORT_SETUP: Final = declare(
    19,
    1,
    "iec_local_port_setup",
    "default_mode:e:rw default_baud:e:rw prop_baud:e:rw response_time:e:rw device_addr:os:rw pass_p1:os pass_p2:os "
    "pass_w5:os",
)
HDLC_SETUP: Final = declare(
    23,
    1,
    "iec_hdlc_setup",
    "comm_speed:e:rw window_size_transmit:u:rw window_size_receive:u:rw max_info_field_length_transmit:lu:rw "
    "max_info_field_length_receive:lu:rw inter_octet_time_out:lu:rw inactivity_time_out:lu:rw device_address:lu:rw",
)
MBUS_SLAVE_PORT_SETUP: Final = declare(
    25, 0, "mbus_slave_port_setup", "default_baud:e:rw avail_baud:e:rw addr_state:e bus_address:u:rw"
)
MODEM_CONFIGURATION: Final = declare(
    27, 1, "modem_configuration", "comm_speed:e:rw initialization_string:a:rw modem_profile:a:rw"
)
AUTO_ANSWER: Final = declare(
    28,
    2,
    "auto_answer",
    "mode:e:rw listening_window:a:rw status:e number_of_calls:u:rw number_of_rings:s:rw list_of_allowed_callers:a:rw",
)
AUTO_CONNECT: Final = declare(
    29,
    2,
    "auto_connect",
    "mode:e:rw repetitions:u:rw repetition_delay:lu:rw calling_window:a:rw destination_list:a:rw",
    "connect",
)
PUSH_SETUP: Final = declare(
    40,
    2,
    "push_setup",
    "push_object_list:a:rw send_destination_and_method:s:rw communication_window:a:rw "
    "randomisation_start_interval:lu:rw number_of_retries:u:rw repetition_delay:s:rw port_reference:os:rw "
    "push_client_sap:i:rw push_protection_parameters:a:rw push_operation_method:e:rw confirmation_parameters:s:rw "
    "last_confirmation_date_time:dt",
    "push reset",
)
TCP_UDP_SETUP: Final = declare(
    41,
    0,
    "tcp_udp_setup",
    "tcp_udp_port:lu:rw ip_reference:os:rw mss:lu:rw nb_of_sim_conn:u:rw inactivity_time_out:lu:rw",
)
IPV4_SETUP: Final = declare(
    42,
    0,
    "ipv4_setup",
    "dl_reference:os:rw ip_address:dlu:rw multicast_ip_address:a ip_options:a subnet_mask:dlu:rw "
    "gateway_ip_address:dlu:rw use_dhcp_flag:b:rw primary_dns_address:dlu:rw secondary_dns_address:dlu:rw",
    "add_mc_ip_address delete_mc_ip_address get_nbof_mc_ip_addresses",
)
MAC_ADDRESS_SETUP: Final = declare(43, 0, "mac_address_setup", "mac_address:os")
PPP_SETUP: Final = declare(
    44, 0, "ppp_setup", "phy_reference:os:rw lcp_options:any:rw ipcp_options:any:rw ppp_authentication:any:rw"
)
GPRS_MODEM_SETUP: Final = declare(45, 0, "gprs_modem_setup", "apn:os:rw pin_code:lu:rw quality_of_service:s:rw")
SMTP_SETUP: Final = declare(
    46, 0, "smtp_setup", "server_port:lu:rw user_name:os:rw login_password:os server_address:os:rw sender_address:os:rw"
)
GSM_DIAGNOSTIC: Final = declare(
    47,
    0,
    "gsm_diagnostic",
    "operator:vs status:e cs_attachment:e ps_status:e cell_info:s adjacent_cells:a capture_time:dt",
)
IPV6_SETUP: Final = declare(
    48,
    0,
    "ipv6_setup",
    "dl_reference:os:rw address_config_mode:e:rw unicast_ipv6_addresses:a multicast_ipv6_addresses:a "
    "gateway_ipv6_addresses:a primary_dns_address:os:rw secondary_dns_address:os:rw traffic_class:u:rw "
    "neighbor_discovery_setup:a",
    "add_ipv6_address remove_ipv6_address",
)
MBUS_CLIENT: Final = declare(
    72,
    1,
    "mbus_client",
    "mbus_port_reference:os:rw capture_definition:a:rw capture_period:dlu:rw primary_address:u:rw "
    "identification_number:dlu:rw manufacturer_id:lu:rw version:u:rw device_type:u:rw access_number:u status:u alarm:u "
    "configuration:lu encryption_key_status:e",
    "slave_install slave_deinstall capture reset_alarm synchronize_clock data_send set_encryption_key transfer_key",
)
MODE_Q_CHANNEL: Final = declare(
    73, 1, "wireless_mode_q_channel", "addr_state:e device_address:os:rw address_mask:os:rw"
)
MBUS_MASTER_PORT_SETUP: Final = declare(74, 0, "mbus_master_port_setup", "comm_speed:e:rw")
MBUS_DIAGNOSTIC: Final = declare(
    77,
    0,
    "mbus_diagnostic",
    "received_signal_strength:u channel_id:u link_status:e broadcast_frames_counter:a transmissions_counter:dlu "
    "fcs_ok_frames_counter:dlu fcs_nok_frames_counter:dlu capture_time:s",
    "reset",
)
ZIGBEE_SAS_STARTUP: Final = declare(
    101,
    0,
    "zigbee_sas_startup",
    "short_address:lu:rw extended_pan_id:os:rw pan_id:lu:rw channel_mask:dlu:rw protocol_version:u:rw "
    "stack_profile:u:rw start_up_control:u:rw trust_centre_address:os:rw link_key:os network_key:os "
    "use_insecure_join:b:rw",
)
ZIGBEE_SAS_JOIN: Final = declare(
    102,
    0,
    "zigbee_sas_join",
    "scan_attempts:u:rw time_between_scans:lu:rw rejoin_interval:lu:rw rejoin_retry_interval:lu:rw",
)
ZIGBEE_APS_FRAGMENTATION: Final = declare(
    103, 0, "zigbee_sas_aps_fragmentation", "aps_interframe_delay:lu:rw aps_max_window_size:lu:rw"
)
ZIGBEE_NETWORK_CONTROL: Final = declare(
    104,
    0,
    "zigbee_network_control",
    "enable_disable_joining:b:rw join_timeout:lu:rw active_devices:a",
    "register_device unregister_device unregister_all_devices backup_pan restore_pan identify_device remove_mirror "
    "update_network_key update_link_key create_pan remove_pan",
)
ZIGBEE_TUNNEL_SETUP: Final = declare(
    105,
    0,
    "zigbee_tunnel_setup",
    "max_incoming_transfer_size:lu:rw max_outgoing_transfer_size:lu:rw protocol_address:os:rw "
    "close_tunnel_time_out:lu:rw",
)

NETWORK_CLASSES: Final = (
    LOCAL_PORT_SETUP,
    HDLC_SETUP,
    MBUS_SLAVE_PORT_SETUP,
    MODEM_CONFIGURATION,
    AUTO_ANSWER,
    AUTO_CONNECT,
    PUSH_SETUP,
    TCP_UDP_SETUP,
    IPV4_SETUP,
    MAC_ADDRESS_SETUP,
    PPP_SETUP,
    GPRS_MODEM_SETUP,
    SMTP_SETUP,
    GSM_DIAGNOSTIC,
    IPV6_SETUP,
    MBUS_CLIENT,
    MODE_Q_CHANNEL,
    MBUS_MASTER_PORT_SETUP,
    MBUS_DIAGNOSTIC,
    ZIGBEE_SAS_STARTUP,
    ZIGBEE_SAS_JOIN,
    ZIGBEE_APS_FRAGMENTATION,
    ZIGBEE_NETWORK_CONTROL,
    ZIGBEE_TUNNEL_SETUP,
)
