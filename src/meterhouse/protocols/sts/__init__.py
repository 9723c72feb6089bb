"""twenty-digit prepayment tokens of IEC 62055-41, made and taken"""

from meterhouse.protocols.sts.amount import (
    LARGEST_AMOUNT,
    decode_amount,
    decode_currency,
    encode_amount,
    encode_currency,
    representable_currency,
)
from meterhouse.protocols.sts.cipher import (
    IEC_SAMPLE_TABLES,
    BlockCipher,
    EncryptionAlgorithm,
    Sta,
    StaTables,
)
from meterhouse.protocols.sts.container import (
    Token,
)
from meterhouse.protocols.sts.credit import (
    Credit,
    CreditSubclass,
    CurrencyCredit,
    encode_credit,
    encode_currency_credit,
)
from meterhouse.protocols.sts.decoder import (
    KEY_CHANGE_WINDOW,
    TID_MEMORY,
    Content,
    Decoder,
    TokenResult,
    decode_token,
)
from meterhouse.protocols.sts.extended import ExtendedRead, ExtendedSet, encode_extended_set
from meterhouse.protocols.sts.id_record import IdRecord
from meterhouse.protocols.sts.identity import (
    KeyType,
    MeterPan,
    luhn_digit,
)
from meterhouse.protocols.sts.key_change import (
    KeySection,
    encode_key_change,
)
from meterhouse.protocols.sts.keys import (
    NEVER_EXPIRES,
    DecoderKey,
    derive_dkga02,
    derive_dkga02_inside,
    derive_dkga04,
    derive_dkga04_inside,
    dkga02_key,
)
from meterhouse.protocols.sts.management import (
    ALL_REGISTERS,
    ALL_TESTS,
    Management,
    ManagementSubclass,
    TestDisplay,
    encode_management,
    encode_test,
)
from meterhouse.protocols.sts.results import (
    ResultCode,
    TokenError,
)
from meterhouse.protocols.sts.tid import (
    LARGEST_TID,
    BaseDate,
    instant_of_tid,
    is_reserved_tid,
    next_tid,
    tid_at,
)

__all__ = [
    "ALL_REGISTERS",
    "ALL_TESTS",
    "IEC_SAMPLE_TABLES",
    "KEY_CHANGE_WINDOW",
    "LARGEST_AMOUNT",
    "LARGEST_TID",
    "NEVER_EXPIRES",
    "TID_MEMORY",
    "BaseDate",
    "BlockCipher",
    "Content",
    "Credit",
    "CreditSubclass",
    "CurrencyCredit",
    "Decoder",
    "DecoderKey",
    "EncryptionAlgorithm",
    "ExtendedRead",
    "ExtendedSet",
    "IdRecord",
    "KeySection",
    "KeyType",
    "Management",
    "ManagementSubclass",
    "MeterPan",
    "ResultCode",
    "Sta",
    "StaTables",
    "TestDisplay",
    "Token",
    "TokenError",
    "TokenResult",
    "decode_amount",
    "decode_currency",
    "decode_token",
    "derive_dkga02",
    "derive_dkga02_inside",
    "derive_dkga04",
    "derive_dkga04_inside",
    "dkga02_key",
    "encode_amount",
    "encode_credit",
    "encode_currency",
    "encode_currency_credit",
    "encode_extended_set",
    "encode_key_change",
    "encode_management",
    "encode_test",
    "instant_of_tid",
    "is_reserved_tid",
    "luhn_digit",
    "next_tid",
    "representable_currency",
    "tid_at",
]
