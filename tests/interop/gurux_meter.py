"""A meter made of gurux-dlms's server, for our client to read. Runs in that library's own environment.

usage: gurux_meter.py INTERFACE MODE
INTERFACE is `wrapper`, `hdlc` or `terminal` (HDLC on a pseudo-terminal); MODE is `none`, `lls` (password 12345678), `gmac`
(HLS-5 and no more), `suite` (HLS-5, and whatever protection of suite 0 comes), or `companion`: a meter with the objects that
the companion specification lists, without security. Serves one connection after the other on a free port of 127.0.0.1,
which it prints, or the terminal's path. The library's server does not run as it is delivered: see `gurux_mended.py`.
"""

import os
import socket
import sys
import traceback
import tty
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from gurux_dlms import GXDateTime
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
from gurux_dlms.GXDLMSServer import GXDLMSServer
from gurux_dlms.objects import (
    GXDLMSCaptureObject,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSDisconnectControl,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
)
from gurux_dlms.objects.enums import ClockBase, ControlMode, ControlState, SortMethod
from gurux_mended import Association, Cipher, Reply, mechanism, mend

ROWS = 96
FIRST = datetime(2026, 11, 19, 0, 30, tzinfo=UTC)


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


def own_objects():
    """A register, a long text that can be written, and 96 half hours."""
    register = GXDLMSRegister("1.0.1.8.0.255")
    register.value, register.scaler, register.unit = 123456, 10, Unit.ACTIVE_ENERGY
    register.setDataType(2, DataType.UINT32)
    long = GXDLMSData("0.0.96.1.0.255")
    long.value = bytes(range(256)) * 3
    long.setDataType(2, DataType.OCTET_STRING)
    clock, status = GXDLMSClock("0.0.1.0.0.255"), GXDLMSData("0.0.96.10.1.255")
    clock.time = GXDateTime(FIRST)
    status.setDataType(2, DataType.UINT8)
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    profile.captureObjects = [(each, GXDLMSCaptureObject(2, 0)) for each in (clock, status, register)]
    profile.capturePeriod, profile.sortMethod, profile.sortObject = 1800, SortMethod.FIFO, clock
    for number in range(ROWS):
        end = GXDateTime(FIRST + timedelta(minutes=30) * number)
        profile.buffer.append([end, number % 3, 100_000 + 37 * number])
    profile.entriesInUse, profile.profileEntries = ROWS, ROWS
    return [register, long, clock, profile]


class Meter(GXDLMSServer):
    transaction = None

    def __init__(self, interface, mode):
        super().__init__(True, interface)
        self.level = mechanism(mode)
        self.settings.cipher = Cipher(b"GRXMTR01")
        self.settings.cipher.invocationCounter = 1000
        self.own = [*(companion_objects() if mode == "companion" else own_objects()), Association("0.0.40.0.0.255")]
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
        right = authentication == self.level and (self.level != Authentication.LOW or bytes(password) == b"12345678")
        return SourceDiagnostic.NONE if right else SourceDiagnostic.AUTHENTICATION_FAILURE

    def onGetAttributeAccess(self, arg):  # noqa: N802 -- the library's name
        return AccessMode.READ if arg.index == 1 else AccessMode.READ_WRITE

    def onGetMethodAccess(self, arg):  # noqa: N802 -- the library's name
        own = isinstance(arg.target, Association) and arg.index == 1
        return MethodAccessMode.ACCESS if own else MethodAccessMode.NO_ACCESS

    def onFindObject(self, objectType, sn, ln):  # noqa: N802, N803 -- the library's names
        return next((item for item in self.own if item.logicalName == ln), None)

    def _quiet(self, *_):
        """The library tells; the meter does not care."""

    onPreRead = onPostRead = onPreGet = onPostGet = onConnected = onInvalidConnection = onDisconnected = _quiet  # noqa: N815
    onPreWrite = onPostWrite = onPreAction = onPostAction = notifyConnected = _quiet  # noqa: N815

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


def answer(meter, data):
    reply = Reply(data)
    meter.handleRequest(reply)
    return bytes(reply.reply or b"")


def serve_terminal(meter):
    far, near = os.openpty()
    tty.setraw(far)
    tty.setraw(near)
    print(os.ttyname(near), flush=True)
    while data := os.read(far, 4096):
        os.write(far, answer(meter, data))


def serve_port(meter):
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        meter.reset()
        with connection:
            while data := connection.recv(4096):
                connection.sendall(answer(meter, data))


def main(interface, mode):
    mend()
    meter = Meter(InterfaceType.WRAPPER if interface == "wrapper" else InterfaceType.HDLC, mode)
    (serve_terminal if interface == "terminal" else serve_port)(meter)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception:
        traceback.print_exc()
        raise
