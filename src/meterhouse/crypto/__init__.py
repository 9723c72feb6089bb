"""pure primitives over `cryptography`; keys and nonces are arguments"""

from meterhouse.crypto.cbc import CbcKey
from meterhouse.crypto.certification import (
    Certified,
    Purpose,
    Template,
    certify,
    certify_root,
    read_certified,
    verify_chain,
)
from meterhouse.crypto.cmac import CmacKey, cmac, cmac_verifies
from meterhouse.crypto.curves import P256, P384, Curve, KeyPair, PublicPoint
from meterhouse.crypto.des import des_encrypt
from meterhouse.crypto.digests import md5, sha1, sha256
from meterhouse.crypto.ecdh import shared_secret
from meterhouse.crypto.ecdsa import sign, verify
from meterhouse.crypto.gcm import GcmKey
from meterhouse.crypto.kdf import concat_kdf, hmac_sha256
from meterhouse.crypto.key_wrap import WRAP_OVERHEAD, unwrap_key, wrap_key
from meterhouse.crypto.misty1 import Misty1
from meterhouse.crypto.x509 import (
    MAX_CERTIFICATE,
    CertificateFacts,
    read_certificate,
    request_certificate,
    was_issued_by,
)

__all__ = [
    "MAX_CERTIFICATE",
    "P256",
    "P384",
    "WRAP_OVERHEAD",
    "CbcKey",
    "CertificateFacts",
    "Certified",
    "CmacKey",
    "Curve",
    "GcmKey",
    "KeyPair",
    "Misty1",
    "PublicPoint",
    "Purpose",
    "Template",
    "certify",
    "certify_root",
    "cmac",
    "cmac_verifies",
    "concat_kdf",
    "des_encrypt",
    "hmac_sha256",
    "md5",
    "read_certificate",
    "read_certified",
    "request_certificate",
    "sha1",
    "sha256",
    "shared_secret",
    "sign",
    "unwrap_key",
    "verify",
    "verify_chain",
    "was_issued_by",
    "wrap_key",
]
