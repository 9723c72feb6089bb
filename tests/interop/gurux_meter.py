"""A meter made of gurux-dlms's server, for our client to read. Runs in that library's own environment.

usage: gurux_meter.py INTERFACE MODE
INTERFACE is `wrapper` or `hdlc`; MODE is `none`, `lls` (password 12345678), or `companion`: a meter with the objects that
the companion specification lists, without security. Serves one connection on a free port of
127.0.0.1, which it prints. The library's server does not run as it is delivered: what it lacks is put in here.
"""

import socket
import sys
import traceback
from datetime import UTC, datetime
from types import SimpleNamespace

from gurux_dlms import GXByteBuffer, GXDateTime, GXServerReply
from gurux_dlms.enums import (
    AccessMode,
    Authentication,
    ClockStatus,
    DataType,
    InterfaceType,
    MethodAccessMode,
    SourceDiagnostic,
    Unit,
)
from gurux_dlms.GXDLMSLongTransaction import GXDLMSLongTransaction
from gurux_dlms.GXDLMSServer import GXDLMSServer
from gurux_dlms.objects import (
    GXDLMSAssociationLogicalName,
    GXDLMSCaptureObject,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSDisconnectControl,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
)
from gurux_dlms.objects.enums import ClockBase, ControlMode, ControlState, SortMethod


class Reply(GXServerReply):
    """The library's, with the methods that its own server calls."""

    def setReply(self, value):  # noqa: N802 -- the library's name
        self.reply = value

    def getConnectionInfo(self):  # noqa: N802 -- the library's name
        return self.connectionInfo

    def setCount(self, value):  # noqa: N802 -- the library's name
        self.count = value


def keep_rest(transaction, buffer):
    """What a block left over; the library calls this and does not have it."""
    transaction.data = GXByteBuffer(buffer.subArray(buffer.position, len(buffer) - buffer.position))


GXDLMSLongTransaction.setData = keep_rest


def companion_objects():
    """What the companion specification lists, made of the library's own classes."""
    name = GXDLMSData("0.0.42.0.0.255")
    name.value = b"GRXE00000001"
    name.setDataType(2, DataType.OCTET_STRING)
    counter = GXDLMSData("0.0.43.1.0.255")
    counter.value = 7
    counter.setDataType(2, DataType.UINT32)
    status = GXDLMSData("0.0.96.10.1.255")
    status.value = 0
    status.setDataType(2, DataType.UINT8)
    register = GXDLMSRegister("1.0.1.8.0.255")
    register.value, register.scaler, register.unit = 123456, 1, Unit.ACTIVE_ENERGY
    register.setDataType(2, DataType.UINT64)
    control = GXDLMSDisconnectControl("0.0.96.3.10.255")
    control.outputState, control.controlState, control.controlMode = True, ControlState.CONNECTED, ControlMode.MODE_4
    clock = GXDLMSClock("0.0.1.0.0.255")
    clock.time = GXDateTime(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
    clock.timeZone, clock.status, clock.deviation, clock.enabled = 0, ClockStatus.OK, 0, False
    clock.begin = clock.end = GXDateTime(datetime(2026, 1, 1, tzinfo=UTC))
    clock.clockBase = ClockBase.NONE
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    profile.captureObjects = [(each, GXDLMSCaptureObject(2, 0)) for each in (clock, status, register)]
    profile.capturePeriod, profile.sortMethod, profile.sortObject = 1800, SortMethod.FIFO, clock
    profile.sortObjectAttributeIndex, profile.entriesInUse, profile.profileEntries = 2, 0, 1
    return [name, counter, status, register, control, clock, profile]


class Meter(GXDLMSServer):
    transaction = None

    def __init__(self, interface, mode):
        super().__init__(True, interface)
        self.level = Authentication.LOW if mode == "lls" else Authentication.NONE
        register = GXDLMSRegister("1.0.1.8.0.255")
        register.value, register.scaler, register.unit = 123456, 10, Unit.ACTIVE_ENERGY
        register.setDataType(2, DataType.UINT32)
        long = GXDLMSData("0.0.96.1.0.255")
        long.value = bytes(range(256)) * 3
        long.setDataType(2, DataType.OCTET_STRING)
        self.own = [register, long, GXDLMSAssociationLogicalName("0.0.40.0.0.255")]
        if mode == "companion":
            self.own = [*companion_objects(), GXDLMSAssociationLogicalName("0.0.40.0.0.255")]
        for item in self.own:
            self.items.append(item)
        self.initialized = True
        self.settings.gbtWndowSize = 1  # asked for under this name
        if interface == InterfaceType.HDLC:
            # The library asks its HDLC set-up object for attributes that it does not have.
            self.hdlc = SimpleNamespace(
                maxInfoTX=128,
                maxInfoRX=128,
                windowSizeTX=1,
                windowSizeRX=1,
                inactivityTimeout=0,
                maximumInfoLengthReceive=128,
                maximumInfoLengthTransmit=128,
                windowSizeReceive=1,
                windowSizeTransmit=1,
            )
            self.settings.hdlc.update = lambda _settings: None

    def getTransaction(self):  # noqa: N802 -- the library's name
        return self.transaction

    def setTransaction(self, value):  # noqa: N802 -- the library's name
        self.transaction = value

    def notifyRead(self):  # noqa: N802 -- the library's name
        """Told of each read, without saying what is read."""

    def getMaxPduSize(self):  # noqa: N802 -- the library's name
        return self.settings.maxPduSize

    def isTarget(self, serverAddress, clientAddress):  # noqa: N802, N803 -- the library's names
        return True

    def onValidateAuthentication(self, authentication, password):  # noqa: N802 -- the library's name
        right = authentication == self.level and (self.level == Authentication.NONE or bytes(password) == b"12345678")
        return SourceDiagnostic.NONE if right else SourceDiagnostic.AUTHENTICATION_FAILURE

    def onGetAttributeAccess(self, arg):  # noqa: N802 -- the library's name
        return AccessMode.READ

    def onGetMethodAccess(self, arg):  # noqa: N802 -- the library's name
        return MethodAccessMode.NO_ACCESS

    def onFindObject(self, objectType, sn, ln):  # noqa: N802, N803 -- the library's names
        return next((item for item in self.own if item.logicalName == ln), None)

    def _quiet(self, *_):
        """The library tells; the meter does not care."""

    onPreRead = onPostRead = onPreGet = onPostGet = onConnected = onInvalidConnection = onDisconnected = _quiet  # noqa: N815
    onPreWrite = onPostWrite = onPreAction = onPostAction = _quiet  # noqa: N815

    def handleSnrmRequest(self, data):  # noqa: N802 -- the library's name
        super().handleSnrmRequest(data)
        # The library writes the group's length into another byte.
        self.replyData.clear()
        self.replyData.set(bytes.fromhex("818012050180060180070400000001080400000001"))

    def handleCommand(self, cmd, data, sr):  # noqa: N802 -- the library's name
        try:
            return super().handleCommand(cmd, data, sr)
        except Exception:
            traceback.print_exc()
            raise


def main(interface, mode):
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    meter = Meter(InterfaceType.HDLC if interface == "hdlc" else InterfaceType.WRAPPER, mode)
    connection, _ = listener.accept()
    while data := connection.recv(4096):
        reply = Reply(data)
        meter.handleRequest(reply)
        if reply.reply:
            connection.sendall(bytes(reply.reply))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception:
        traceback.print_exc()
        raise
