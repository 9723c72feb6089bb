"""pure primitives over `cryptography`; keys and nonces are arguments"""

from meterhouse.crypto.cbc import CbcKey
from meterhouse.crypto.cmac import CmacKey, cmac, cmac_verifies
from meterhouse.crypto.des import des_encrypt
from meterhouse.crypto.gcm import GcmKey
from meterhouse.crypto.kdf import hmac_sha256
from meterhouse.crypto.misty1 import Misty1

__all__ = [
    "CbcKey",
    "CmacKey",
    "GcmKey",
    "Misty1",
    "cmac",
    "cmac_verifies",
    "des_encrypt",
    "hmac_sha256",
]
