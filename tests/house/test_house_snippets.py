"""Every Python session that a page shows runs as it stands, and prints what the page says."""

from __future__ import annotations

import doctest
import re

import pytest

from tools import house

BLOCK = re.compile(r"^```pycon\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = {
    str(path.relative_to(house.ROOT)): "".join(BLOCK.findall(text))
    for path in house.tracked()
    if path.suffix == ".md" and "```pycon" in (text := path.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_prints_what_the_page_says(page):
    session = doctest.DocTestParser().get_doctest(PAGES[page], {}, page, page, 0)
    said: list[str] = []
    failed, tried = doctest.DocTestRunner().run(session, out=said.append)
    assert tried > 0
    assert failed == 0, "".join(said)
