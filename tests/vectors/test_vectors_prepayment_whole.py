"""No published prepayment vector at hand is left untried: each token of the reference stands in a test of this folder."""

from __future__ import annotations

import re
from pathlib import Path

from reference_data import reference

_TOKEN = re.compile(r"(?<![0-9a-fA-F])(?:\d{20}|[1-9]\d{8}(?= \|)|\d{12}(?= \|)|[1-4]{15}(?= \|))(?![0-9a-fA-F])")
_TESTS = Path(__file__).parent.parent
_NO_TOKEN = {"73786976294838206463", "400000000"}
"""The largest number that 66 bits hold, and a counter."""
_WHERE = ("vectors/test_vectors_sts.py", "vectors/test_vectors_utrn.py", "unit/store/test_store_openpaygo.py")


def test_every_published_token_is_tried():
    published = set(_TOKEN.findall(reference("reference/vectors/prepayment.md").read_text(encoding="utf-8")))
    assert len(published) > 90
    tried = "".join((_TESTS / name).read_text(encoding="utf-8") for name in _WHERE)
    assert sorted(token for token in published - _NO_TOKEN if token not in tried) == []
