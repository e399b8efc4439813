"""Parse the text of a filter: a recursive-descent parser that reports errors with their position."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final, NoReturn

from streetshop.catalog.filters.lexer import KEYWORDS, Token, printable, tokenize
from streetshop.catalog.filters.tree import And, Between, Contains, Equals, Filter, Has, Not, Or, Order, Ordered
from streetshop.catalog.filters.values import CORE_FIELDS, as_text, fold
from streetshop.core.errors import FilterError
from streetshop.core.records import AttributeValue, FieldType

MAX_DEPTH: Final = 32
"""Nested parentheses and negations, at most."""
MAX_TERMS: Final = 100
"""Values in one filter, at most."""

_LITERAL_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def parse_filter(text: str, fields: Mapping[str, FieldType]) -> Filter:
    """Parse a filter and check it against the fields of a catalog.

    Args:
        text: at most ``MAX_LENGTH`` characters, ``MAX_DEPTH`` nested terms and ``MAX_TERMS`` values.
        fields: the names a filter may use, see ``Store.fields``.

    Raises:
        FilterError: with the position of whatever is wrong.
    """
    return _Parser(printable(text), fields).parse()


class _Parser:
    """Recursive descent; one method a rule of the grammar in ``docs/filters.md``."""

    def __init__(self, text: str, fields: Mapping[str, FieldType]) -> None:
        self.text = text
        self.fields = {fold(name): (name, kind) for name, kind in fields.items()}
        self.tokens = list(tokenize(text))
        self.at = 0
        self.depth = 0
        self.terms = 0

    def _fail(self, what: str, position: int, hint: str = "") -> NoReturn:
        raise FilterError(what, text=self.text, position=position, hint=hint)

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def _take(self) -> Token:
        token = self.token
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def _accept(self, text: str) -> bool:
        if self.token.is_(text):
            self._take()
            return True
        return False

    def _expect(self, text: str, after: str) -> None:
        if not self._accept(text):
            found = f"not {self.token.text!r}" if self.token.text else "but the filter ends"
            self._fail(f"{text!r} is needed {after}, {found}", self.token.position)

    def parse(self) -> Filter:
        if self.token.kind == "end":
            self._fail("the filter is empty", 0, "Leave it out, or write something like: price < 50")
        tree = self._either()
        if self.token.kind != "end":
            self._fail(f"{self.token.text!r} is not expected here", self.token.position, "Join terms by and, or")
        return tree

    def _either(self) -> Filter:
        start, terms = self.token.position, [self._both()]
        while self._accept("or"):
            terms.append(self._both())
        flat = [inner for term in terms for inner in (term.terms if isinstance(term, Or) else (term,))]
        return flat[0] if len(flat) == 1 else Or(tuple(flat), start)

    def _both(self) -> Filter:
        start, terms = self.token.position, [self._term()]
        while self._accept("and"):
            terms.append(self._term())
        flat = [inner for term in terms for inner in (term.terms if isinstance(term, And) else (term,))]
        return flat[0] if len(flat) == 1 else And(tuple(flat), start)

    def _term(self) -> Filter:
        start = self.token.position
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} terms inside each other", start)
        try:
            if self._accept("not"):
                return Not(self._term(), start)
            if self._accept("("):
                inner = self._either()
                self._expect(")", "to close the parenthesis")
                return inner
            return self._comparison()
        finally:
            self.depth -= 1

    def _comparison(self) -> Filter:
        start = self.token.position
        if self.token.is_("has") and self.tokens[self.at + 1].is_("("):
            self._take()
            self._take()
            name, _ = self._field()
            self._expect(")", "after the field")
            self._count(start)
            return Has(name, start)
        name, kind = self._field()
        operator = self.token
        if operator.kind == "op" and operator.text in ("=", "!="):
            self._take()
            equals = Equals(name, (self._value(name, kind),), start)
            return Not(equals, start) if operator.text == "!=" else equals
        if operator.kind == "op" and operator.text in ("<", "<=", ">", ">="):
            self._take()
            order: Order = operator.text  # type: ignore[assignment]
            return Ordered(name, order, self._number(name, kind, operator), start)
        if self._accept("~"):
            if kind != "text":
                self._fail(f"~ looks into text, but `{name}` is a {kind}", operator.position)
            return Contains(name, str(self._value(name, "text")), start)
        if self._accept("between"):
            low = self._number(name, kind, operator)
            self._expect("and", "between the two ends")
            return Between(name, low, self._number(name, kind, operator), start)
        negated = operator.is_("not") and self.tokens[self.at + 1].is_("in")
        if negated:
            self._take()
        if self._accept("in"):
            among = self._among(name, kind, start)
            return Not(among, start) if negated else among
        if kind != "boolean":
            self._fail(f"`{name}` is a {kind}: a comparison is needed after it", operator.position, f"Or: has({name})")
        self._count(start)
        return Equals(name, (True,), start)

    def _among(self, name: str, kind: FieldType, start: int) -> Equals:
        self._expect("(", "after in")
        values = [self._value(name, kind)]
        while self._accept(","):
            values.append(self._value(name, kind))
        self._expect(")", "after the values")
        return Equals(name, tuple(values), start)

    def _field(self) -> tuple[str, FieldType]:
        token = self._take()
        keyword = token.kind == "word" and token.text.lower() in KEYWORDS
        if token.kind not in ("word", "name") or keyword:
            what = f"not {token.text!r}" if token.text else "but the filter ends"
            hint = f"Write `{token.text}` in backticks if a field has that name" if keyword else ""
            self._fail(f"a field is needed here, {what}", token.position, hint)
        name = token.text[1:-1].replace("``", "`") if token.kind == "name" else token.text
        found = self.fields.get(fold(name))
        if found is None:
            near = get_close_matches(fold(name), list(self.fields), n=3, cutoff=0.6)
            listed = near or sorted(self.fields)[:12]
            label = "Did you mean" if near else "The fields are"
            self._fail(f"there is no field {name!r}", token.position, f"{label}: {', '.join(listed)}")
        return found

    def _count(self, position: int) -> None:
        self.terms += 1
        if self.terms > MAX_TERMS:
            self._fail(f"more than {MAX_TERMS} values in one filter", position)

    def _literal(self, name: str) -> tuple[str, int]:
        token = self._take()
        self._count(token.position)
        if token.kind == "string":
            quote = token.text[0]
            return token.text[1:-1].replace(quote * 2, quote), token.position
        if token.kind != "word" or (token.text.lower() in KEYWORDS - {"true", "false"}):
            what = f"not {token.text!r}" if token.text else "but the filter ends"
            self._fail(f"a value for `{name}` is needed here, {what}", token.position, "Quote words like and, or")
        return token.text, token.position

    def _value(self, name: str, kind: FieldType) -> AttributeValue:
        if kind == "number":
            return self._number(name, kind, self.token)
        text, position = self._literal(name)
        if kind == "boolean":
            if text.lower() not in ("true", "yes", "false", "no"):
                self._fail(f"`{name}` is true or false, not {text!r}", position)
            return text.lower() in ("true", "yes")
        if as_text(text) is None:
            self._fail("an empty text equals nothing", position, f"For products without one: not has({name})")
        return text

    def _number(self, name: str, kind: FieldType, operator: Token) -> float:
        # A text attribute may hold numbers in some rows (sizes: S, M, 38), so it can be ordered; a brand cannot.
        if kind == "boolean" or (kind == "text" and name in CORE_FIELDS):
            self._fail(f"`{name}` is a {kind} and has no order", operator.position)
        text, position = self._literal(name)
        number = float(text) if _LITERAL_NUMBER.fullmatch(text.strip()) else math.nan
        if not math.isfinite(number):
            self._fail(f"a number is needed here, not {text!r}", position, f"`{name}` is compared as a number")
        return number + 0.0
