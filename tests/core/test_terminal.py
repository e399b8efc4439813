"""Text of strangers on a terminal."""

from __future__ import annotations

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.terminal import json_safe, one_line, printable

HOSTILE = "\x1b[31mred\x07 \x9b2J \u202egnp.exe \u2066x \u200b\ufeff\x85\u2028 \x7f\r \udcff"


def test_what_a_terminal_would_obey_is_written_out() -> None:
    shown = printable(HOSTILE)
    assert shown.startswith("\\x1b[31mred\\x07 \\x9b2J \\u202egnp.exe")
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)
    assert printable("a\tb\nŁódź 👩‍👧 שלום") == "a\tb\nŁódź 👩‍👧 שלום"
    assert one_line("a\tb\nc") == "a\\tb\\nc"


@given(st.text(), st.text(st.sampled_from(HOSTILE)))
def test_json_keeps_its_value(first: str, second: str) -> None:
    text = json_safe(json.dumps([first, second], ensure_ascii=False))
    assert json.loads(text) == [first, second]
    assert printable(text) == text
