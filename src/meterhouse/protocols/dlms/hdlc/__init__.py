"""DLMS over HDLC: frames, the two ends of a line, and a server behind one"""

from meterhouse.protocols.dlms.hdlc.address import Address, decode_address
from meterhouse.protocols.dlms.hdlc.client import HdlcClientLink, HdlcClientSettings
from meterhouse.protocols.dlms.hdlc.decoder import Decoder
from meterhouse.protocols.dlms.hdlc.frame import LARGEST_FRAME, Frame, Kind, decode_frame, encode_frame
from meterhouse.protocols.dlms.hdlc.happenings import Cause, Connected, Disconnected, Happening, Received
from meterhouse.protocols.dlms.hdlc.host import HdlcHost
from meterhouse.protocols.dlms.hdlc.parameters import LARGEST_INFORMATION, Parameters, decode_parameters
from meterhouse.protocols.dlms.hdlc.server import MAX_CONNECTIONS, HdlcServerLink, HdlcServerSettings
from meterhouse.protocols.dlms.hdlc.transfer import MAX_MESSAGE

__all__ = [
    "LARGEST_FRAME",
    "LARGEST_INFORMATION",
    "MAX_CONNECTIONS",
    "MAX_MESSAGE",
    "Address",
    "Cause",
    "Connected",
    "Decoder",
    "Disconnected",
    "Frame",
    "Happening",
    "HdlcClientLink",
    "HdlcClientSettings",
    "HdlcHost",
    "HdlcServerLink",
    "HdlcServerSettings",
    "Kind",
    "Parameters",
    "Received",
    "decode_address",
    "decode_frame",
    "decode_parameters",
    "encode_frame",
]
