"""MISTY1, the 64-bit block cipher of RFC 2994; the encryption algorithm EA11 of IEC 62055-41.

`cryptography` does not have it. Written from the RFC; FI, its inner 16-bit function, is folded into two
key-independent tables: FI(x, k) = _LATE[_EARLY[x] ^ k].
"""

from __future__ import annotations

from array import array
from typing import Final

from meterhouse.model import UsageError

__all__ = ["Misty1"]

_KEY_LENGTH: Final = 16

# fmt: off
_S7: Final = (
    27, 50, 51, 90, 59, 16, 23, 84, 91, 26, 114, 115, 107, 44, 102, 73, 31, 36, 19, 108, 55, 46, 63, 74,
    93, 15, 64, 86, 37, 81, 28, 4, 11, 70, 32, 13, 123, 53, 68, 66, 43, 30, 65, 20, 75, 121, 21, 111,
    14, 85, 9, 54, 116, 12, 103, 83, 40, 10, 126, 56, 2, 7, 96, 41, 25, 18, 101, 47, 48, 57, 8, 104,
    95, 120, 42, 76, 100, 69, 117, 61, 89, 72, 3, 87, 124, 79, 98, 60, 29, 33, 94, 39, 106, 112, 77, 58,
    1, 109, 110, 99, 24, 119, 35, 5, 38, 118, 0, 49, 45, 122, 127, 97, 80, 34, 17, 6, 71, 22, 82, 78,
    113, 62, 105, 67, 52, 92, 88, 125,
)
_S9: Final = (
    451, 203, 339, 415, 483, 233, 251, 53, 385, 185, 279, 491, 307, 9, 45, 211, 199, 330, 55, 126, 235, 356,
    403, 472, 163, 286, 85, 44, 29, 418, 355, 280, 331, 338, 466, 15, 43, 48, 314, 229, 273, 312, 398, 99,
    227, 200, 500, 27, 1, 157, 248, 416, 365, 499, 28, 326, 125, 209, 130, 490, 387, 301, 244, 414, 467, 221,
    482, 296, 480, 236, 89, 145, 17, 303, 38, 220, 176, 396, 271, 503, 231, 364, 182, 249, 216, 337, 257, 332,
    259, 184, 340, 299, 430, 23, 113, 12, 71, 88, 127, 420, 308, 297, 132, 349, 413, 434, 419, 72, 124, 81,
    458, 35, 317, 423, 357, 59, 66, 218, 402, 206, 193, 107, 159, 497, 300, 388, 250, 406, 481, 361, 381, 49,
    384, 266, 148, 474, 390, 318, 284, 96, 373, 463, 103, 281, 101, 104, 153, 336, 8, 7, 380, 183, 36, 25,
    222, 295, 219, 228, 425, 82, 265, 144, 412, 449, 40, 435, 309, 362, 374, 223, 485, 392, 197, 366, 478, 433,
    195, 479, 54, 238, 494, 240, 147, 73, 154, 438, 105, 129, 293, 11, 94, 180, 329, 455, 372, 62, 315, 439,
    142, 454, 174, 16, 149, 495, 78, 242, 509, 133, 253, 246, 160, 367, 131, 138, 342, 155, 316, 263, 359, 152,
    464, 489, 3, 510, 189, 290, 137, 210, 399, 18, 51, 106, 322, 237, 368, 283, 226, 335, 344, 305, 327, 93,
    275, 461, 121, 353, 421, 377, 158, 436, 204, 34, 306, 26, 232, 4, 391, 493, 407, 57, 447, 471, 39, 395,
    198, 156, 208, 334, 108, 52, 498, 110, 202, 37, 186, 401, 254, 19, 262, 47, 429, 370, 475, 192, 267, 470,
    245, 492, 269, 118, 276, 427, 117, 268, 484, 345, 84, 287, 75, 196, 446, 247, 41, 164, 14, 496, 119, 77,
    378, 134, 139, 179, 369, 191, 270, 260, 151, 347, 352, 360, 215, 187, 102, 462, 252, 146, 453, 111, 22, 74,
    161, 313, 175, 241, 400, 10, 426, 323, 379, 86, 397, 358, 212, 507, 333, 404, 410, 135, 504, 291, 167, 440,
    321, 60, 505, 320, 42, 341, 282, 417, 408, 213, 294, 431, 97, 302, 343, 476, 114, 394, 170, 150, 277, 239,
    69, 123, 141, 325, 83, 95, 376, 178, 46, 32, 469, 63, 457, 487, 428, 68, 56, 20, 177, 363, 171, 181,
    90, 386, 456, 468, 24, 375, 100, 207, 109, 256, 409, 304, 346, 5, 288, 443, 445, 224, 79, 214, 319, 452,
    298, 21, 6, 255, 411, 166, 67, 136, 80, 351, 488, 289, 115, 382, 188, 194, 201, 371, 393, 501, 116, 460,
    486, 424, 405, 31, 65, 13, 442, 50, 61, 465, 128, 168, 87, 441, 354, 328, 217, 261, 98, 122, 33, 511,
    274, 264, 448, 169, 285, 432, 422, 205, 243, 92, 258, 91, 473, 324, 502, 173, 165, 58, 459, 310, 383, 70,
    225, 30, 477, 230, 311, 506, 389, 140, 143, 64, 437, 190, 120, 0, 172, 272, 350, 292, 2, 444, 162, 234,
    112, 508, 278, 348, 76, 450,
)
# fmt: on

# FI splits x into 9 + 7 bits, but its key into 7 + 9; both halves of FI are linear in what S7 and S9 give,
# so the round before the key and the round after it are each one lookup of 65 536 entries.
_EARLY: Final = array("H", [((s & 127) << 9 | s) ^ ((_S7[d7] ^ d7) << 9 | d7) for s in _S9 for d7 in range(128)])
_LATE: Final = array("H", [s ^ (d7 << 9 | d7) for d7 in range(128) for s in _S9])
# As arrays they stay in a processor's cache; as tuples of integers they would not.


def _schedule(key: bytes) -> list[int]:
    """EK of RFC 2994 §2.1: eight key words, then FI of each with its neighbour."""
    words = [int.from_bytes(key[2 * i : 2 * i + 2], "big") for i in range(8)]
    return words + [_LATE[_EARLY[words[i]] ^ words[(i + 1) % 8]] for i in range(8)]


def _fl_keys(ek: list[int], i: int) -> tuple[int, int]:
    """The two key words of FL number `i` (RFC 2994 §2.3)."""
    j = i // 2
    if i % 2 == 0:
        return ek[j], ek[(j + 6) % 8 + 8]
    return ek[(j + 2) % 8 + 8], ek[(j + 4) % 8]


def _fo_keys(ek: list[int], k: int) -> tuple[int, ...]:
    """The seven key words of FO number `k`, in the order of their use (RFC 2994 §2.2)."""
    return (
        ek[k],
        ek[(k + 5) % 8 + 8],
        ek[(k + 2) % 8],
        ek[(k + 1) % 8 + 8],
        ek[(k + 7) % 8],
        ek[(k + 3) % 8 + 8],
        ek[(k + 4) % 8],
    )


def _fo(high: int, low: int, keys: tuple[int, ...]) -> tuple[int, int]:
    """FO of two 16-bit halves."""
    a, b, c, d, e, f, g = keys
    high = _LATE[_EARLY[high ^ a] ^ b] ^ low
    low = _LATE[_EARLY[low ^ c] ^ d] ^ high
    high = _LATE[_EARLY[high ^ e] ^ f] ^ low
    return low ^ g, high


class Misty1:
    """MISTY1 under one 128-bit key; the key schedule is made once.

    Blocks are unsigned 64-bit numbers, the first octet most significant.

    Args:
        key: 16 octets.

    Raises:
        UsageError: the key is not 16 octets.
    """

    __slots__ = ("_last", "_pairs")

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_LENGTH:
            raise UsageError(f"a MISTY1 key has 16 octets, not {len(key)}", why="RFC 2994 §2.1.")
        ek = _schedule(key)
        self._pairs = tuple(
            (*_fl_keys(ek, i), *_fl_keys(ek, i + 1), _fo_keys(ek, i), _fo_keys(ek, i + 1)) for i in range(0, 8, 2)
        )
        self._last = (*_fl_keys(ek, 8), *_fl_keys(ek, 9))

    def encrypt(self, block: int) -> int:
        """The cipher block of a plain block; both 0 ≤ block < 2⁶⁴."""
        early, late = _EARLY, _LATE
        a, b, c, d = block >> 48, block >> 32 & 0xFFFF, block >> 16 & 0xFFFF, block & 0xFFFF
        for p, q, r, s, even, odd in self._pairs:  # FO is written out: a call would cost as much as its work
            b ^= a & p
            a ^= b | q
            d ^= c & r
            c ^= d | s
            k1, k2, k3, k4, k5, k6, k7 = even
            x = late[early[a ^ k1] ^ k2] ^ b
            y = late[early[b ^ k3] ^ k4] ^ x
            x = late[early[x ^ k5] ^ k6] ^ y
            c ^= y ^ k7
            d ^= x
            k1, k2, k3, k4, k5, k6, k7 = odd
            x = late[early[c ^ k1] ^ k2] ^ d
            y = late[early[d ^ k3] ^ k4] ^ x
            x = late[early[x ^ k5] ^ k6] ^ y
            a ^= y ^ k7
            b ^= x
        p, q, r, s = self._last
        b ^= a & p
        a ^= b | q
        d ^= c & r
        c ^= d | s
        return c << 48 | d << 32 | a << 16 | b

    def decrypt(self, block: int) -> int:
        """The plain block of a cipher block; both 0 ≤ block < 2⁶⁴."""
        c, d, a, b = block >> 48, block >> 32 & 0xFFFF, block >> 16 & 0xFFFF, block & 0xFFFF
        p, q, r, s = self._last
        a ^= b | q
        b ^= a & p
        c ^= d | s
        d ^= c & r
        for p, q, r, s, even, odd in reversed(self._pairs):
            x, y = _fo(c, d, odd)
            a ^= x
            b ^= y
            x, y = _fo(a, b, even)
            c ^= x
            d ^= y
            a ^= b | q
            b ^= a & p
            c ^= d | s
            d ^= c & r
        return a << 48 | b << 32 | c << 16 | d
