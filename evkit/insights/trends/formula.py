"""Formulas over series: letters a, b, c ..., + - * / % **, parentheses, numbers. Dividing by zero gives 0."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evkit.errors import SpecError
from evkit.query import code
from evkit.query.property_filters import Written

Numbers = Any


def divided(a: Numbers, b: Numbers) -> Numbers:
    """Divide; 0 where the divisor is 0."""
    zero = np.equal(b, 0)
    return np.where(zero, 0.0, np.divide(a, np.where(zero, 1, b)))


def remainder(a: Numbers, b: Numbers) -> Numbers:
    """Give the remainder; 0 where the divisor is 0."""
    zero = np.equal(b, 0)
    return np.where(zero, 0.0, np.fmod(a, np.where(zero, 1, b)))


def powered(a: Numbers, b: Numbers) -> Numbers:
    """Raise to a power; 0 where there is no such number: 0 to a negative power, a root of a negative number."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        made = np.power(np.asarray(a, float), b)
    return np.where(np.isfinite(made), made, 0.0)


OPERATORS: dict[type[ast.operator], Callable[[Numbers, Numbers], Numbers]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: divided,
    ast.Mod: remainder,
    ast.Pow: powered,
}


@dataclass(frozen=True, repr=False)
class Formula(Written):
    """A formula over series.

    Parameters
    ----------
    text
        Such as ``"A / (A + B) * 100"``; the case of letters doesn't matter.
    name
        What it is called; "Formula (<text>)" when None.

    Examples
    --------
    >>> Formula.of("a / b", 2).compute([6.0, 3.0]).item()
    2.0
    """

    text: str
    name: str | None = None

    def _code(self) -> str:
        return code.literal(self.text) if self.name is None else f"ek.Formula({code.literal(self.text)}, {code.literal(self.name)})"

    @property
    def label(self) -> str:
        """What it is called."""
        return self.name or f"Formula ({self.text})"

    @classmethod
    def of(cls, value: str | Formula, series: int) -> Formula:
        """Give a checked formula over so many series.

        Raises
        ------
        SpecError
            For an unknown letter or operator, or text that can't be parsed.
        """
        made = value if isinstance(value, Formula) else cls(value)
        made.compute([1.0] * series)
        return made

    def compute(self, values: Sequence[Numbers]) -> Numbers:
        """Compute from the series' numbers, in their order."""
        names = {chr(ord("a") + i): v for i, v in enumerate(values)}
        try:
            tree = ast.parse(self.text.strip().lower(), mode="eval")
        except SyntaxError:
            raise SpecError(f"the formula {self.text!r} can't be read") from None
        return np.asarray(self._value(tree.body, names), dtype=float)

    def _value(self, node: ast.AST, names: Mapping[str, Numbers]) -> Numbers:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return float(node.value)
        if isinstance(node, ast.Name):
            if node.id not in names:
                raise SpecError(f"the formula {self.text!r} names {node.id.upper()!r}; there are {', '.join(n.upper() for n in names)}")
            return names[node.id]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            inner = self._value(node.operand, names)
            return np.negative(inner) if isinstance(node.op, ast.USub) else inner
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](self._value(node.left, names), self._value(node.right, names))
        raise SpecError(f"the formula {self.text!r} can't be read: use + - * / % **, parentheses, numbers and the letters of the series")
