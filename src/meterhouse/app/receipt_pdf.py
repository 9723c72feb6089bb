"""A receipt on one small page of PDF, by ReportLab (BSD): for printers, and for customers who want a file."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from meterhouse.model import ConfigurationError
from meterhouse.supplier.vending import Receipt, receipt_text

__all__ = ["receipt_pdf"]

_WIDTH: Final = 80 * 72 / 25.4
"""A till's roll: 80 mm, in points."""
_MARGIN: Final = 14
_SIZE: Final = 8
_TOKEN_SIZE: Final = 13
_LEADING: Final = 1.5


def receipt_pdf(receipt: Receipt) -> bytes:
    """The receipt as one page, 80 mm wide and as long as it needs; the token in large digits.

    The same receipt gives the same bytes.

    Raises:
        ConfigurationError: ReportLab is not installed.
    """
    try:
        from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise ConfigurationError(
            "the PDF library is not installed", why=f"{error}.", remedy="Say: pip install 'meterhouse[receipts]'."
        ) from error
    lines = receipt_text(receipt).splitlines()
    sizes = [_TOKEN_SIZE if line == receipt.token and line else _SIZE for line in lines]
    height = 2 * _MARGIN + sum(size * _LEADING for size in sizes)
    file = BytesIO()
    page = Canvas(file, pagesize=(_WIDTH, height), invariant=1)
    page.setTitle(f"Receipt {receipt.request_id}")
    at = height - _MARGIN
    for line, size in zip(lines, sizes, strict=True):
        at -= size
        page.setFont("Courier-Bold" if size == _TOKEN_SIZE else "Courier", _fitting(line, size))
        page.drawString(_MARGIN, at, line)
        at -= size * (_LEADING - 1)
    page.showPage()
    page.save()
    return file.getvalue()


def _fitting(line: str, size: float) -> float:
    """The size at which a line of Courier (0.6 em a character) fits between the margins."""
    return min(size, (_WIDTH - 2 * _MARGIN) / max(1, len(line)) / 0.6)
