"""Formulas over variables, written as text: plain arithmetic, and nothing that could do anything else."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import exp, inf, log, log10, sqrt
from types import CodeType
from typing import Any

LONGEST = 10_000
"""Characters of a formula with its terms written out, at most."""
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min, "max": max, "abs": abs, "exp": exp, "log": log, "log10": log10, "sqrt": sqrt,
}  # fmt: skip
_ALLOWED = (
    ast.Expression, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.UnaryOp, ast.USub, ast.Constant,
    ast.Name, ast.Load, ast.Call, ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip
_ALLOWED_WORDS = f"+ - * / ** ( ) < <= > >= and {', '.join(_FUNCTIONS)}"


@dataclass(frozen=True, kw_only=True)
class Formula:
    """A formula that was read and holds nothing but arithmetic."""

    text: str
    """As it was written."""
    names: frozenset[str]
    """The variables that it looks at."""
    code: CodeType
    """What computes it."""

    def value(self, values: Mapping[str, float]) -> float:
        """Compute it; a comparison counts 1 where it holds, else 0.

        Args:
            values: By variable.

        Returns:
            A number; infinite where it is too large for one.

        Raises:
            ValueError: It has no value for these, as after a division by 0.
        """
        try:
            return float(eval(self.code, {"__builtins__": {}, **_FUNCTIONS}, dict(values)))  # noqa: S307 - see `parse_formula`
        except OverflowError:
            return inf
        except (ArithmeticError, ValueError, TypeError) as error:
            values_in_words = ", ".join(f"{name} {values[name]:.6g}" for name in sorted(self.names))
            raise ValueError(f"the formula {self.text!r} has no value for {values_in_words}: {error}") from None

    def compute(self, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
        """Compute it for many runs at once.

        Args:
            values: Arrays by variable.
            functions: What min, max, abs, exp, log, log10 and sqrt are for arrays.
        """
        return eval(self.code, {"__builtins__": {}, **functions}, dict(values))  # noqa: S307 - see `parse_formula`


@lru_cache(maxsize=1000)
def parse_formula(text: str) -> Formula:
    """Read a formula, such as "0.1 * stock * (1 - stock / capacity)".

    Only numbers, names of variables, arithmetic, comparisons and a few functions are let through, so that computing it
    can do nothing else.

    Args:
        text: With at most 10,000 characters.

    Raises:
        ValueError: It is no formula.
    """
    if len(text) > LONGEST:
        raise ValueError(f"the formula has {len(text):,} characters; at most {LONGEST:,} are read")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"{text!r} is no formula; write it with {_ALLOWED_WORDS}") from None
    calls = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = set[str]()
    for node in ast.walk(tree):
        if not _is_allowed(node):
            part = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
            raise ValueError(f"the formula {text!r} has {part!r}; it may have {_ALLOWED_WORDS}")
        if isinstance(node, ast.Name) and id(node) not in calls:
            names.add(node.id)
    return Formula(text=text, names=frozenset(names), code=compile(tree, "<formula>", "eval"))


def _is_allowed(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case ast.Call(func=ast.Name(id=name), keywords=keywords):
            return name in _FUNCTIONS and not keywords
        case ast.Call():
            return False
        case ast.Compare(ops=ops):
            return len(ops) == 1
    return isinstance(node, _ALLOWED)
