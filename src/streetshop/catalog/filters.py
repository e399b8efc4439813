"""The filter language, one and the same on the command line, in the API and on the page.

    category = dress and price < 50 and in_stock and brand in ("Zara", 'H&M') and not (color ~ red)

``parse_filter`` turns text into a small frozen tree, checked against the fields a catalog has; ``matches`` says what
the tree means for one product and is what every store is tested against; ``docs/filters.md`` is for users.

A value that is missing satisfies no comparison, and ``not`` is plain negation: ``brand != Zara`` and
``not brand = Zara`` both hold for a product without a brand. Text is compared without regard to case.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import Literal, NoReturn, TypeAlias

from streetshop.core.errors import FilterError
from streetshop.core.records import AttributeValue, FieldType, Product

Order: TypeAlias = Literal["<", "<=", ">", ">="]

CORE_FIELDS: Mapping[str, FieldType] = {
    "id": "text",
    "title": "text",
    "category": "text",
    "brand": "text",
    "price": "number",
    "currency": "text",
    "in_stock": "boolean",
}
"""Fields every catalog has. A feed's further columns come on top, under their own names."""

MAX_LENGTH = 2000
MAX_DEPTH = 32
MAX_TERMS = 100


# --- the tree -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Equals:
    """The field has one of the values. Several values are an ``in``."""

    name: str
    values: tuple[AttributeValue, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Ordered:
    """The field is a number less than, ... ``value``."""

    name: str
    op: Order
    value: float
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Between:
    """The field is a number from ``low`` to ``high``, both included."""

    name: str
    low: float
    high: float
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Contains:
    """The field is a text with ``value`` somewhere in it."""

    name: str
    value: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Has:
    """The product has any value in the field."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    term: Filter
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """Two or more terms, none of them an ``And``."""

    terms: tuple[Filter, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more terms, none of them an ``Or``."""

    terms: tuple[Filter, ...]
    position: int = field(default=0, compare=False)


Filter: TypeAlias = Equals | Ordered | Between | Contains | Has | Not | And | Or


# --- values -------------------------------------------------------------------------------------------------------

_PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?")
_LITERAL_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


@lru_cache(4096)
def fold(text: str) -> str:
    """Text as it is compared: NFC, case folded, without space around it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).strip()


def as_text(value: AttributeValue) -> str | None:
    """A value as text is compared with it: folded text or the shortest decimal; None for booleans and empty text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return fold(value) or None
    return f"{value:.15g}" if math.isfinite(value) else None


def as_number(value: AttributeValue) -> float | None:
    """A value as a number is compared with it: numbers, and text that is a plain decimal of at most 15 digits.

    ``007``, ``1e5`` and long article numbers stay text: as numbers they would equal others that are not the same.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        plain = _PLAIN_NUMBER.fullmatch(text) and sum(c.isdigit() for c in text) <= 15
        return float(text) + 0.0 if plain else None
    return float(value) + 0.0 if math.isfinite(value) else None


def field_values(product: Product) -> dict[str, AttributeValue]:
    """What a filter sees of a product: the values that are there, by folded name."""
    values: dict[str, AttributeValue | None] = {fold(k): v for k, v in product.attributes.items()}
    values.update({name: getattr(product, name) for name in CORE_FIELDS})
    return {
        name: value
        for name, value in values.items()
        if name and value is not None and (isinstance(value, bool) or as_text(value) is not None)
    }


def matches(where: Filter, product: Product) -> bool:
    """Whether a product passes: the meaning of a filter, which every store must agree with."""
    return _holds(where, field_values(product))


def _holds(where: Filter, values: Mapping[str, AttributeValue]) -> bool:
    match where:
        case And(terms):
            return all(_holds(term, values) for term in terms)
        case Or(terms):
            return any(_holds(term, values) for term in terms)
        case Not(term):
            return not _holds(term, values)
    value = values.get(where.name)
    if value is None:
        return False
    number = as_number(value)
    match where:
        case Has():
            return True
        case Contains(_, part):
            text = as_text(value)
            return text is not None and fold(part) in text
        case Between(_, low, high):
            return number is not None and low <= number <= high
        case Ordered(_, op, limit):
            return number is not None and _ordered(number, op, limit)
        case Equals(_, choices):
            return any(_equal(value, choice) for choice in choices)


def _ordered(number: float, op: Order, limit: float) -> bool:
    match op:
        case "<":
            return number < limit
        case "<=":
            return number <= limit
        case ">":
            return number > limit
        case ">=":
            return number >= limit


def _equal(value: AttributeValue, choice: AttributeValue) -> bool:
    if isinstance(choice, bool):
        return value is choice
    number = as_number(value)
    if number is not None and number == as_number(choice):
        return True
    text = as_text(value)
    return isinstance(choice, str) and text is not None and text == as_text(choice)


# --- printing -----------------------------------------------------------------------------------------------------


def print_filter(where: Filter) -> str:
    """Text that parses to the same tree."""
    match where:
        case And(terms):
            return " and ".join(_operand(term) for term in terms)
        case Or(terms):
            return " or ".join(_operand(term) for term in terms)
        case Not(term):
            return f"not {_operand(term)}"
        case Has(name):
            return f"has({_print_name(name)})"
        case Contains(name, value):
            return f"{_print_name(name)} ~ {_print_value(value)}"
        case Between(name, low, high):
            return f"{_print_name(name)} between {_print_value(low)} and {_print_value(high)}"
        case Ordered(name, op, limit):
            return f"{_print_name(name)} {op} {_print_value(limit)}"
        case Equals(name, (value,)):
            return f"{_print_name(name)} = {_print_value(value)}"
        case Equals(name, values):
            return f"{_print_name(name)} in ({', '.join(_print_value(value) for value in values)})"


def _operand(where: Filter) -> str:
    text = print_filter(where)
    return f"({text})" if isinstance(where, And | Or) else text


def _print_name(name: str) -> str:
    return name if re.fullmatch(r"[^\W\d]\w*", name) and name not in _KEYWORDS else f"`{name.replace('`', '``')}`"


def _print_value(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value.replace(chr(34), chr(34) * 2)}"'
    return repr(value)


# --- parsing ------------------------------------------------------------------------------------------------------

_KEYWORDS = frozenset({"and", "or", "not", "in", "between", "has", "true", "false"})
_TOKEN = re.compile(
    r"""\ *(?:
      (?P<op>!=|<=|>=|=|<|>|~|\(|\)|,)
    | (?P<string>"(?:[^"]|"")*"|'(?:[^']|'')*')
    | (?P<name>`(?:[^`]|``)+`)
    | (?P<word>[^\ ()<>=!~,"'`]+)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # op, string, name, word, end
    text: str
    position: int

    def is_(self, text: str) -> bool:
        """Whether this is the operator or the keyword (keywords in any case)."""
        return (self.kind == "op" and self.text == text) or (self.kind == "word" and self.text.lower() == text)


def parse_filter(text: str, fields: Mapping[str, FieldType]) -> Filter:
    """Parse and check a filter.

    Args:
        text: see the module's docstring; at most ``MAX_LENGTH`` characters, ``MAX_DEPTH`` nested parentheses,
            ``MAX_TERMS`` values.
        fields: what the catalog has, ``Store.fields()``.

    Raises:
        FilterError: with the position, whatever is wrong.
    """
    if len(text) > MAX_LENGTH:
        raise FilterError(
            f"a filter has at most {MAX_LENGTH} characters, this one has {len(text)}",
            text=_printable(text[:60]),
            position=0,
        )
    return _Parser(_printable(text), fields).parse()


def _printable(text: str) -> str:
    """Control characters become spaces, so that a caret below the text stands where it should."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)


class _Parser:
    """Recursive descent; one method a rule of the grammar in ``docs/filters.md``."""

    def __init__(self, text: str, fields: Mapping[str, FieldType]) -> None:
        self.text = text
        self.fields = {fold(name): (name, kind) for name, kind in fields.items()}
        self.tokens = list(self._tokens())
        self.at = 0
        self.depth = 0
        self.terms = 0

    def _tokens(self) -> Iterator[_Token]:
        position, end = 0, len(self.text.rstrip())
        while position < end:
            match = _TOKEN.match(self.text, position)
            if match is None or match.lastgroup is None:
                start = position + len(self.text[position:]) - len(self.text[position:].lstrip())
                char = self.text[start]
                if char in "\"'`":
                    self._fail(f"this {char} is never closed", start, f"Add a closing {char}, or double it inside one")
                self._fail(f"{char!r} cannot stand here", start)
            start = match.start(match.lastgroup)
            if any(0xD800 <= ord(c) <= 0xDFFF for c in match.group(match.lastgroup)):
                self._fail("half a character (a lone surrogate)", start)
            yield _Token(match.lastgroup, match.group(match.lastgroup), start)
            position = match.end()
        yield _Token("end", "", end)

    def _fail(self, what: str, position: int, hint: str = "") -> NoReturn:
        raise FilterError(what, text=self.text, position=position, hint=hint)

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def _take(self) -> _Token:
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
        keyword = token.kind == "word" and token.text.lower() in _KEYWORDS
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
        if token.kind != "word" or (token.text.lower() in _KEYWORDS - {"true", "false"}):
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

    def _number(self, name: str, kind: FieldType, operator: _Token) -> float:
        # A text attribute may hold numbers in some rows (sizes: S, M, 38), so it can be ordered; a brand cannot.
        if kind == "boolean" or (kind == "text" and name in CORE_FIELDS):
            self._fail(f"`{name}` is a {kind} and has no order", operator.position)
        text, position = self._literal(name)
        number = float(text) if _LITERAL_NUMBER.fullmatch(text.strip()) else math.nan
        if not math.isfinite(number):
            self._fail(f"a number is needed here, not {text!r}", position, f"`{name}` is compared as a number")
        return number + 0.0
