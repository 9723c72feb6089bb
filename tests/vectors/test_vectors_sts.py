"""Every published STS token at hand, made and taken: STS 531 test classes, the RFC's MISTY1, the IEC's sample."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from meterhouse.crypto import Misty1
from meterhouse.model import UsageError, instant_of
from meterhouse.protocols.sts import (
    ALL_REGISTERS,
    ALL_TESTS,
    BaseDate,
    Credit,
    CreditSubclass,
    CurrencyCredit,
    Decoder,
    DecoderKey,
    EncryptionAlgorithm,
    KeyType,
    Management,
    ManagementSubclass,
    MeterPan,
    ResultCode,
    Sta,
    StaTables,
    TestDisplay,
    Token,
    decode_amount,
    decode_currency,
    decode_token,
    derive_dkga02,
    derive_dkga04,
    encode_amount,
    encode_credit,
    encode_currency,
    encode_currency_credit,
    encode_key_change,
    encode_management,
    encode_test,
    luhn_digit,
    representable_currency,
    tid_at,
)
from meterhouse.protocols.sts.container import Block, crc, join, split
from reference_data import reference

PAN9 = MeterPan("600727000000000009")
PAN82 = MeterPan("000001000000000082")
VK2 = bytes.fromhex("abababababababab")
VK4 = bytes.fromhex("abababababababab949494949494949401234567")
B93, B14, B35 = BaseDate.B1993, BaseDate.B2014, BaseDate.B2035
EA07, EA11 = EncryptionAlgorithm.EA07, EncryptionAlgorithm.EA11


def when(text: str):
    return instant_of(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.fixture(scope="session")
def licensed() -> StaTables:
    return StaTables.parse(reference("reference/ea07-tables.toml").read_text())


def key_of(case: str, tables: StaTables, pan: MeterPan = PAN9, tariff_index: int = 1) -> DecoderKey:
    """The keys of the published test classes, by the names the rows below use."""
    if case == "dkga02":
        return derive_dkga02(VK2, pan=pan, supply_group="123456", tariff_index=tariff_index, tables=tables)
    algorithm, group, base, revision = {
        "ea11": (EA11, "123457", B93, 1),
        "93": (EA07, "123457", B93, 1),
        "14": (EA07, "123457", B14, 4),
        "07": (EA07, "201457", B14, 1),
    }[case]
    return derive_dkga04(
        VK4,
        pan=pan,
        supply_group=group,
        base_date=base,
        algorithm=algorithm,
        tariff_index=tariff_index,
        key_revision=revision,
        tables=tables,
    )


def key_or_skip(case: str, request: pytest.FixtureRequest, pan: MeterPan = PAN9, tariff_index: int = 1) -> DecoderKey:
    tables = StaTables(tuple(range(16)), tuple(range(16)), tuple(range(64)))
    if case != "ea11":
        tables = request.getfixturevalue("licensed")
    return key_of(case, tables, pan, tariff_index)


# --- 0: primitives


@pytest.mark.parametrize(
    ("fifty_bits", "expected"),
    [
        (0x00004A2D900FF2, 0x0FFA),
        (0x000B19EB230100, 0xC207),
        (5 << 40 | 0b110000000010101001010101 << 16 | 0x2710, 0x1970),
    ],
)
def test_the_crc_of_published_blocks(fifty_bits, expected):
    assert crc(fifty_bits) == expected


@pytest.mark.parametrize(
    ("tenths", "field"),
    [
        (256, 0x0100),
        (1, 0x0001),
        (16383, 0x3FFF),
        (16384, 0x4000),
        (180224, 0x8000),
        (1818624, 0xC000),
        (18201624, 0xFFFF),
        (19, 0x0013),
        (180214, 0x7FFF),
        (180215, 0x8000),
        (180223, 0x8000),
    ],
)
def test_the_amount_field_of_published_amounts(tenths, field):
    assert encode_amount(tenths) == field
    assert 0 <= decode_amount(field) - tenths < 10


@pytest.mark.parametrize(
    ("money5", "nibble", "field"),
    [(-100_000, 8, 0x60A9), (-180_224 * 100_000, 9, 0xBF49), (100_000, 0, 0x60AA)],
)
def test_the_currency_field_rounds_up_and_a_negative_one_towards_zero(money5, nibble, field):
    assert encode_currency(money5) == (nibble, field)
    assert decode_currency(nibble, field) == representable_currency(money5) >= money5


@pytest.mark.parametrize(
    ("text", "base", "tid"),
    [
        ("2004-03-01T13:55:00", B93, 5871715),
        ("1996-03-25T13:55:22", B93, 0x19EB23),
        ("2020-01-01T08:00:00", B93, 14200320),
        ("2020-01-01T08:00:00", B14, 3155520),
        ("2024-11-24T20:15:59", B93, 16777215),
        ("2045-11-24T20:15:00", B14, 16777215),
        ("2066-11-24T20:15:00", B35, 16777215),
    ],
)
def test_the_tid_of_published_times(text, base, tid):
    assert tid_at(when(text), base) == tid


def test_the_reserved_minute_gives_the_tid_of_the_next():
    assert tid_at(when("2004-03-29T00:01"), B93) == tid_at(when("2004-03-29T00:02"), B93)
    assert tid_at(when("2004-03-29T00:00"), B93) == tid_at(when("2004-03-29T00:02"), B93) - 2


@pytest.mark.parametrize(
    ("text", "base"), [("2024-11-24T20:16", B93), ("2045-11-24T20:16", B14), ("2066-11-24T20:16", B35)]
)
def test_the_minute_after_the_last_tid_is_refused(text, base):
    with pytest.raises(UsageError, match="run out of minutes"):
        tid_at(when(text), base)


def test_luhn_gives_the_published_check_digits_and_refuses_wrong_numbers():
    assert luhn_digit("60072700000000000") == 9
    assert luhn_digit("00000100000000008") == 2
    assert MeterPan.of_drn("00000000000") == PAN9
    for drn in ("12345678904", "11111111113"):
        with pytest.raises(UsageError, match="wrong check digit"):
            MeterPan.of_drn(drn)
    with pytest.raises(UsageError, match="not 18 digits"):
        MeterPan.parse("1234567890411111111113")


@pytest.mark.parametrize(
    ("pan", "tariff_index", "octets"),
    [(PAN9, 1, "e653341f9d5bf36f"), (PAN82, 1, "e94023262e9993c2"), (PAN9, 2, "060b8643c59a27f1")],
)
def test_dkga02_gives_the_published_keys(pan, tariff_index, octets):
    assert derive_dkga02(VK2, pan=pan, supply_group="123456", tariff_index=tariff_index).octets.hex() == octets


@pytest.mark.parametrize(
    ("algorithm", "group", "base", "revision", "tariff_index", "pan", "octets"),
    [
        (EA07, "123457", B93, 1, 1, PAN9, "aa4baa8749c10d27"),
        (EA07, "123457", B14, 4, 1, PAN9, "9dc0722c29a6cc0c"),
        (EA07, "123457", B35, 5, 1, PAN9, "b08205e074afc5d6"),
        (EA07, "201457", B14, 1, 1, PAN9, "87f3ecbb2e46b48f"),
        (EA07, "201457", B14, 1, 2, PAN9, "7f78cdd220be39b8"),
        (EA07, "201457", B14, 1, 1, PAN82, "b06e35e2c870802b"),
        (EA07, "201457", B14, 1, 2, PAN82, "c69924f545016907"),
        (EA07, "203557", B35, 6, 1, PAN9, "8fbfa995248bf7f8"),
        (EA07, "203557", B35, 6, 2, PAN9, "bdc28dcf6005434d"),
        (EA11, "123457", B93, 1, 1, PAN9, "f94b6ed353c3bfdb113e2d3a7ea3c41d"),
        (EA11, "123457", B14, 4, 1, PAN9, "daa892189d08e738dfded73924c87f32"),
        (EA11, "123457", B35, 5, 1, PAN9, "92666e9f0478a17770614c1c5fce9d46"),
    ],
)
def test_dkga04_gives_the_published_keys(algorithm, group, base, revision, tariff_index, pan, octets):
    key = derive_dkga04(
        VK4,
        pan=pan,
        supply_group=group,
        base_date=base,
        algorithm=algorithm,
        tariff_index=tariff_index,
        key_revision=revision,
    )
    assert key.octets.hex() == octets
    assert octets not in repr(key)


@pytest.mark.parametrize(
    ("plain", "sealed"), [(0x0123456789ABCDEF, 0x8B1DA5F56AB3D07C), (0xFEDCBA9876543210, 0x04B68240B13BE95D)]
)
def test_misty1_gives_the_blocks_of_rfc_2994(plain, sealed):
    cipher = Misty1(bytes.fromhex("00112233445566778899aabbccddeeff"))
    assert cipher.encrypt(plain) == sealed
    assert cipher.decrypt(sealed) == plain


SAMPLE_KEY = bytes.fromhex("0ABC12DEF3456789")


def test_ea07_with_the_sample_tables_gives_the_token_printed_in_the_standard():
    token = join(0, Sta(SAMPLE_KEY).encrypt(0x0B19EB230100C207))
    assert token.bits == 0x2C45ED1618406DF95
    assert token.digits == "51043465443420856213"
    assert Sta(SAMPLE_KEY).decrypt(split(token)[1]) == 0x0B19EB230100C207


@pytest.mark.parametrize(
    ("key", "digits", "block"),
    [
        ("0ABC12DEF3456789", "29054347139309851356", 0x0B19EB230100C207),
        ("0ABC12DEF3456789", "47445274807975686464", 0x1B19EB230164C17C),
        ("E7B21AA9EC929C96", "63525115892327740484", 0x1565DA70000AEF09),
        ("E7B21AA9EC929C96", "35500312443047940328", 0x0565DA7000646C75),
        ("4530EDB79B5F083D", "07420412750539184100", 0x4065F0D4DFF6C645),
        ("4530EDB79B5F083D", "33146270756150045052", 0x5065F0D4DFF6D784),
        ("4530EDB79B5F083D", "64780804373480967093", 0x1565F0D40001C4F5),
        ("4530EDB79B5F083D", "12707367341805666529", 0x5565F0D400000BF5),
    ],
)
def test_ea07_with_licensed_tables_opens_and_makes_tokens_of_other_makers(licensed, key, digits, block):
    sta = Sta(bytes.fromhex(key), licensed)
    token_class, bits = split(Token(digits))
    assert sta.decrypt(bits) == block
    assert join(token_class, sta.encrypt(block)).digits == digits
    assert Block.read(token_class, block).bits() == block


# --- A: class 0, credit in units; amounts in tenths of the main unit

CREDITS = [
    ("dkga02", 0, "2004-03-01T13:55", 1, PAN9, "23716100501183194197"),
    ("dkga02", 0, "2004-03-01T14:00", 1, PAN82, "67206107716095682372"),
    ("dkga02", 1, "2004-03-01T14:05", 1, PAN9, "42502136492215507402"),
    ("dkga02", 1, "2004-03-01T14:10", 1, PAN82, "09109691696351271646"),
    ("dkga02", 0, "2004-04-01T00:30", 256, PAN9, "26456622012185850752"),
    ("dkga02", 0, "2004-04-01T00:35", 16383, PAN9, "02194538019157867319"),
    ("dkga02", 0, "2004-04-01T00:40", 16384, PAN9, "49848950875249585071"),
    ("ea11", 0, "2004-04-01T00:30", 256, PAN9, "63638916334124550935"),
    ("ea11", 0, "2004-04-01T00:35", 16383, PAN9, "06736163174944595611"),
    ("ea11", 0, "2004-04-01T00:40", 16384, PAN9, "45798100519745983712"),
    ("93", 0, "2009-01-01T08:00", 1, PAN9, "15697331168573253829"),
    ("93", 1, "2009-01-01T08:05", 1, PAN9, "56727749990719585416"),
    ("93", 2, "2009-01-01T08:10", 1, PAN9, "25938479605175185937"),
    ("14", 0, "2014-01-01T08:00", 1, PAN9, "20324881626382980759"),
    ("ea11", 0, "2004-03-01T13:00", 1, PAN9, "59386323472137426967"),
    ("ea11", 1, "2004-03-01T13:05", 1, PAN9, "47186281207955155808"),
    ("ea11", 2, "2004-03-01T13:10", 1, PAN9, "52059556253782091701"),
    ("ea11", 0, "2004-03-01T13:20", 1, PAN82, "25453597494250138964"),
    ("07", 0, "2014-03-01T13:00", 1, PAN9, "70630503470028726114"),
    ("07", 1, "2014-03-01T13:05", 1, PAN9, "25510558010932506821"),
    ("07", 2, "2014-03-01T13:10", 1, PAN9, "17623693525614927277"),
    ("07", 3, "2014-03-01T13:15", 1, PAN9, "09746334499913988084"),
    ("dkga02", 1, "2005-05-23T10:01", 10, PAN9, "15415954497866603070"),
    ("dkga02", 1, "2005-05-24T10:02", 163830, PAN9, "37577557589608193918"),
    ("dkga02", 1, "2006-04-23T23:10", 163840, PAN9, "64605231735471529556"),
]


@pytest.mark.parametrize(("case", "subclass", "time", "tenths", "pan", "digits"), CREDITS)
def test_credit_tokens_of_sts_531_are_made_and_taken(case, subclass, time, tenths, pan, digits, request):
    key = key_or_skip(case, request, pan)
    tid = tid_at(when(time), key.base_date)
    token = encode_credit(key, CreditSubclass(subclass), tid=tid, amount=tenths * 100, rnd=5)
    assert token.digits == digits
    told = decode_amount(encode_amount(tenths)) * 100
    assert decode_token(key, Token(digits)) == Credit(CreditSubclass(subclass), tid, told, 5)
    assert Decoder(key, pan, credits=[CreditSubclass(subclass)]).enter(digits, when(time)).code is ResultCode.ACCEPT


CURRENCY = [
    ("2024-04-21T10:01", 1, "42334201269947232996"),
    ("2024-04-21T10:02", 16383, "24081984266066772647"),
    ("2025-04-21T10:03", 16384, "45059661351942285883"),
    ("2025-04-22T10:04", 180224, "64220455784342673901"),
    ("2025-05-01T11:00", 1818624, "52063757131125422816"),
    ("2025-05-11T11:01", 18202624, "17550937072807562588"),
]


@pytest.mark.parametrize(("time", "units", "digits"), CURRENCY)
def test_currency_tokens_of_sts_531_are_made_and_taken(time, units, digits, request):
    key = key_or_skip("07", request)
    tid = tid_at(when(time), key.base_date)
    subclass = CreditSubclass.ELECTRICITY_CURRENCY
    assert encode_currency_credit(key, subclass, tid=tid, amount_money5=units * 100_000).digits == digits
    content = decode_token(key, Token(digits))
    assert content == CurrencyCredit(subclass, tid, representable_currency(units * 100_000))
    result = Decoder(key, PAN9, credits=[subclass]).enter(digits, when(time))
    assert result.ok
    assert result.amount_money5 == content.amount_money5 >= units * 100_000


# --- C: class 2 with a TID

MANAGEMENT = [
    ("dkga02", 0, "2004-03-28T09:01", 1000, PAN9, "50901894209860263092"),
    ("dkga02", 1, "2004-03-28T09:15", ALL_REGISTERS, PAN9, "29511990995826640868"),
    ("dkga02", 1, "2004-03-28T09:20", ALL_REGISTERS, PAN82, "69986678528351463847"),
    ("dkga02", 5, "2004-03-28T10:00", 0, PAN9, "37037300014464855694"),
    ("dkga02", 6, "2004-03-28T10:20", 10, PAN9, "30220533115430798647"),
    ("ea11", 0, "2004-03-28T09:01", 1000, PAN9, "26521936751055502278"),
    ("ea11", 1, "2004-03-28T09:15", ALL_REGISTERS, PAN9, "59725289138639529749"),
    ("ea11", 1, "2004-03-28T09:16", ALL_REGISTERS, PAN82, "43917986274716482997"),
    ("ea11", 5, "2004-03-28T10:00", 0, PAN9, "02455019196514047304"),
    ("ea11", 6, "2004-03-28T10:20", 10, PAN9, "16135127146988830614"),
    ("07", 0, "2024-03-28T09:01", 1000, PAN9, "68961683064326234122"),
    ("07", 1, "2024-03-28T09:15", ALL_REGISTERS, PAN9, "00066562869333031750"),
    ("07", 1, "2016-08-30T09:20", ALL_REGISTERS, PAN82, "09485016935208671611"),
    ("07", 5, "2025-03-28T10:00", 0, PAN9, "42545072112843780101"),
    ("07", 6, "2025-03-28T10:20", 10, PAN9, "31712008499351797283"),
]


@pytest.mark.parametrize(("case", "subclass", "time", "value", "pan", "digits"), MANAGEMENT)
def test_management_tokens_of_sts_531_are_made_and_taken(case, subclass, time, value, pan, digits, request):
    key = key_or_skip(case, request, pan)
    tid = tid_at(when(time), key.base_date)
    what = ManagementSubclass(subclass)
    assert encode_management(key, what, tid=tid, value=value, rnd=5).digits == digits
    assert decode_token(key, Token(digits)) == Management(what, tid, value, 5)
    assert Decoder(key, pan, credits=[]).enter(digits, when(time)).code is ResultCode.ACCEPT


# --- D: class 1

TESTS = [
    (0, ALL_TESTS, (1 << 36) - 1, "56493153725450313471"),
    (1, ALL_TESTS, (1 << 28) - 1, "02305843005052951967"),
    (0, 1, 1, "00000000000150997584"),
    (1, 1, 1, "01152921509036054672"),
    (0, 2, 2, "00000000000167774880"),
    (1, 2, 2, "01152921513331042448"),
]


@pytest.mark.parametrize(("subclass", "test", "control", "digits"), TESTS)
def test_display_tokens_need_no_key(subclass, test, control, digits):
    assert encode_test(subclass, test).digits == digits
    for algorithm in (EA07, EA11):
        key = derive_dkga04(VK4, pan=PAN9, supply_group="123457", algorithm=algorithm, key_type=KeyType.DDTK)
        assert decode_token(key, Token(digits)) == TestDisplay(subclass, control, 0)
        assert Decoder(key, PAN9, credits=[]).enter(digits, when("2020-01-01")).ok


# --- E: key changes

KEY_CHANGES = [
    ("dkga02", PAN9, 2, 1, ["26553210520543055412", "00943705441908264439"]),
    ("07", PAN82, 1, 2, ["24138686084739911945", "50707058479539046218"]),
    (
        "ea11",
        PAN9,
        1,
        2,
        ["34812744915211133004", "46903925208523674737", "71464563847088610152", "67904239402617643990"],
    ),
]


@pytest.mark.parametrize(("case", "pan", "before", "after", "tokens"), KEY_CHANGES)
@pytest.mark.parametrize("backwards", [False, True])
def test_key_change_tokens_of_sts_531_are_made_and_change_the_key_in_any_order(
    case, pan, before, after, tokens, backwards, request
):
    old, new = (key_or_skip(case, request, pan, tariff_index) for tariff_index in (before, after))
    assert [token.digits for token in encode_key_change(old, new)] == tokens
    decoder = Decoder(old, pan, credits=[])
    codes = [decoder.enter(digits, when("2020-01-01")).code for digits in (tokens[::-1] if backwards else tokens)]
    assert codes[-1] is ResultCode.ACCEPT
    assert ResultCode.ACCEPT not in codes[:-1]
    assert decoder.key == new
