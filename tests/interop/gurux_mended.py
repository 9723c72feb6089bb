"""What gurux-dlms's server lacks to run at all, put in from outside; its codec, cipher and objects stay as they are.

The library calls methods that it does not have, takes the wrong number of arguments and writes some lengths wrongly. What it
does not do, such as checking the tag of a ciphered request or its invocation counter, is left undone: a judge is to find it.
"""

from gurux_dlms import GXByteBuffer, GXServerReply
from gurux_dlms._GXAPDU import _GXAPDU
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.ConnectionState import ConnectionState
from gurux_dlms.enums import Authentication, Command, InterfaceType, RequestTypes, Security
from gurux_dlms.enums.ErrorCode import ErrorCode
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSChippering import GXDLMSChippering
from gurux_dlms.GXDLMSLNCommandHandler import GXDLMSLNCommandHandler
from gurux_dlms.GXDLMSLNParameters import GXDLMSLNParameters
from gurux_dlms.GXDLMSLongTransaction import GXDLMSLongTransaction
from gurux_dlms.GXDLMSServer import GXDLMSServer
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from gurux_dlms.GXReplyData import GXReplyData
from gurux_dlms.GXSecure import GXSecure
from gurux_dlms.objects import GXDLMSAssociationLogicalName
from gurux_dlms.objects.enums import AssociationStatus
from gurux_dlms.ValueEventArgs import ValueEventArgs

__all__ = ["Association", "Cipher", "Reply", "mend"]

SET_RESPONSE, NORMAL, BLOCK, LAST_BLOCK = 0xC5, 1, 2, 3
FIRST_BLOCK = 2


class Reply(GXServerReply):
    """The library's, with the methods that its own server calls."""

    def setReply(self, value):  # noqa: N802 -- the library's name
        self.reply = value

    def getConnectionInfo(self):  # noqa: N802 -- the library's name
        return self.connectionInfo

    def setCount(self, value):  # noqa: N802 -- the library's name
        self.count = value


class Cipher(GXCiphering):
    """The library's, whose counter goes back to 0 with each association: the same nonces again."""

    def reset(self):
        self.security = Security.NONE


class Association(GXDLMSAssociationLogicalName):
    """The library's, whose reply to HLS reads the client's proof as a number."""

    def getAssociationStatus(self):  # noqa: N802 -- the library's name
        return self.associationStatus

    def invoke(self, settings, e):
        cipher, proof = settings.cipher, bytes(e.parameters)
        counter = int.from_bytes(proof[1:5], "big")
        expected = GXSecure.secure(settings, cipher, counter, settings.stoCChallenge, settings.sourceSystemTitle)
        if e.index != 1 or bytes(expected) != proof:
            self.associationStatus = AssociationStatus.NON_ASSOCIATED
            e.error = ErrorCode.READ_WRITE_DENIED
            return None
        self.associationStatus = AssociationStatus.ASSOCIATED
        own = GXSecure.secure(
            settings, cipher, cipher.invocationCounter, settings.ctoSChallenge, cipher.getSystemTitle()
        )
        cipher.invocationCounter += 1
        return own


def keep_rest(transaction, buffer):
    """What a block left over; the library calls this and does not have it."""
    transaction.data = GXByteBuffer(buffer.subArray(buffer.position, len(buffer) - buffer.position))


def open_request(_cls, settings, data):
    """A request under a glo- tag; the library gives one argument too few to its own constructor."""
    data.data.position -= 1
    if data.moreData & RequestTypes.FRAME:  # an HDLC segment, and not the last
        return
    cipher = settings.cipher
    dedicated = cipher.dedicatedKey if settings.connected & ConnectionState.DLMS else None
    key = AesGcmParameter(0, settings.sourceSystemTitle, dedicated or cipher.blockCipherKey, cipher.authenticationKey)
    plain = GXDLMSChippering.decryptAesGcm(settings, key, data.data)
    data.data.clear()
    data.data.set(plain)
    data.command = Command(data.data.getUInt8())


GENERATE_AARE, USER_INFORMATION = _GXAPDU.generateAARE.__func__, _GXAPDU.getUserInformation.__func__


def write_aare(cls, settings, data, *rest):
    """The library leaves the length of the server's title out, and two lengths before such a one are too short by two."""
    own, start = data.setUInt8, len(data)
    data.setUInt8 = lambda item=8, index=None: own(item, index)
    GENERATE_AARE(cls, settings, data, *rest)
    del data.setUInt8
    for field in (b"\xa4\x08\x04\x08", b"\xaa\x10\x80\x10"):
        place = bytes(data.subArray(start, len(data) - start)).find(field)
        if place >= 0:
            data.setUInt8(field[1] + 2, start + place + 1)


def user_information(cls, settings, cipher):
    """The library does not count the InitiateResponse: the next message has its nonce."""
    octets = USER_INFORMATION(cls, settings, cipher)
    if cipher and cipher.isCiphered():
        cipher.invocationCounter += 1
    return octets


def answer_set(cls, settings, server, data, reply, _xml):
    """A SET, whole or in blocks; the library forgets the first block and answers to blocks in another form."""
    kind, invoke = data.getUInt8(), data.getUInt8()
    settings.updateInvokeId(invoke)
    asked = GXDLMSLNParameters(settings, invoke, Command.SET_RESPONSE, kind, None, None, 0)
    body = bytes(data.subArray(data.position, len(data) - data.position))
    block, last = (body[11:15], body[10]) if kind == FIRST_BLOCK else (body[1:5], body[0])
    if kind == FIRST_BLOCK:
        settings.resetBlockIndex()  # it still stands where the last long answer ended
    if kind in {NORMAL, FIRST_BLOCK}:
        cls.handleSetRequestNormal(settings, server, data, kind, asked, None)
    else:
        cls.hanleSetRequestWithDataBlock(settings, server, data, asked, None)
    if kind == FIRST_BLOCK and not asked.status:
        target = server.onFindObject(None, 0, ".".join(map(str, body[2:8])))
        whole = ValueEventArgs(server, target, body[8])
        server.setTransaction(GXDLMSLongTransaction([whole], Command.SET_REQUEST, data))
    if kind == NORMAL:
        plain = bytes((SET_RESPONSE, NORMAL, invoke, asked.status))
    elif last or asked.status:
        plain = bytes((SET_RESPONSE, LAST_BLOCK, invoke, asked.status)) + block
    else:
        plain = bytes((SET_RESPONSE, BLOCK, invoke)) + block
    if settings.cipher and settings.cipher.security != Security.NONE:
        plain = GXDLMS.cipher0(asked, plain)
    reply.set(plain)
    if settings.interfaceType == InterfaceType.HDLC:
        GXDLMS.addLLCBytes(settings, reply)


def write_release(self, _data):
    """The library counts the user information alone, not what stands around it, and forgets what HDLC needs before it."""
    information = bytes(_GXAPDU.getUserInformation(self.settings, self.settings.cipher))
    if self.settings.interfaceType == InterfaceType.HDLC:
        self.replyData.set(b"\xe6\xe7\x00")
    length = len(information)
    self.replyData.set(bytes((0x63, 7 + length, 0x80, 1, 0, 0xBE, 2 + length, 4, length)) + information)


def mend():
    """Put all of it in."""
    GXDLMSLongTransaction.setData = keep_rest
    GXDLMSLNParameters.setStatus = lambda self, value: setattr(self, "status", value)
    GXDLMSLNParameters.isMultipleBlocks = lambda self: self.multipleBlocks
    ValueEventArgs.__iter__ = lambda self: iter((self,))
    ValueEventArgs.setValue = lambda self, value: setattr(self, "value", value)
    ValueEventArgs.getRowEndIndex = lambda self: self.rowEndIndex
    GXReplyData.getCipherIndex = lambda self: self.cipherIndex
    GXDLMSSettings.setConnected = lambda self, value: setattr(self, "connected", value)
    GXDLMS.handleGloDedRequest = classmethod(open_request)
    _GXAPDU.generateAARE = classmethod(write_aare)
    _GXAPDU.getUserInformation = classmethod(user_information)
    GXDLMSLNCommandHandler.handleSetRequest = classmethod(answer_set)
    GXDLMSServer.handleReleaseRequest = write_release


def mechanism(mode):
    """The library's name for how a client of `mode` is to prove itself."""
    levels = {"none": Authentication.NONE, "companion": Authentication.NONE, "lls": Authentication.LOW}
    return levels.get(mode, Authentication.HIGH_GMAC)
