"""Mutants of a module: the same code with one comparison, one ``and``/``or`` or one ``not`` flipped.

A mutant is tried in place: the functions of the imported module get the mutated code for a while, so that
everything that imported them runs it, too.
"""

import ast
import copy
import inspect
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: What each comparison becomes: its neighbour at the boundary, and its opposite.
FLIPS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}


@dataclass(frozen=True)
class Mutant:
    """One flipped operator.

    Attributes:
        module: The module.
        line: Its line.
        before: The expression as it is written.
        after: What it becomes.
        code: The code of each function, by qualified name.
    """

    module: types.ModuleType
    line: int
    before: str
    after: str
    code: dict[str, types.CodeType]

    def __str__(self) -> str:
        return f"{self.module.__name__}:{self.line}: {self.before} → {self.after}"

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Run the mutated code within the block."""
        functions = dict(_functions(self.module))
        kept = {name: function.__code__ for name, function in functions.items()}
        try:
            for name, function in functions.items():
                function.__code__ = self.code[name]
            yield
        finally:
            for name, function in functions.items():
                function.__code__ = kept[name]


def mutants(module: types.ModuleType) -> Iterator[Mutant]:
    """Give every mutant of a module's functions, assertions left out."""
    tree = ast.parse(inspect.getsource(module))
    places = [
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in _inside(function)
    ]
    for place in dict.fromkeys(places):
        for changed in _flipped(place):
            mutated = _Replace(place, changed).visit(copy.deepcopy(tree))
            code = compile(ast.fix_missing_locations(mutated), module.__file__, "exec", dont_inherit=True)
            yield Mutant(module, place.lineno, ast.unparse(place), ast.unparse(changed), dict(_codes(code)))


def _inside(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Walk through a function; what an assertion states narrows types and cannot be false."""
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield node
        if not isinstance(node, ast.Assert):
            waiting.extend(ast.iter_child_nodes(node))


def _flipped(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            for other in FLIPS[type(operator)]:
                yield ast.Compare(
                    node.left, [*node.ops[:index], other(), *node.ops[index + 1 :]], node.comparators
                )
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand


class _Replace(ast.NodeTransformer):
    """Puts another expression where one begins and ends."""

    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self._place, self._new = _place(old), new

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and _place(node) == self._place:
            return copy.deepcopy(self._new)
        return super().generic_visit(node)


def _place(node: ast.expr) -> tuple[type, int, int, int | None, int | None]:
    return type(node), node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def _functions(module: types.ModuleType) -> Iterator[tuple[str, types.FunctionType]]:
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if isinstance(value, types.FunctionType):
            yield value.__qualname__, value
        elif isinstance(value, type):
            yield from _methods(value, module)


def _methods(owner: type, module: types.ModuleType) -> Iterator[tuple[str, types.FunctionType]]:
    for member in vars(owner).values():
        function = getattr(member, "fget", None) or getattr(member, "func", None) or member
        function = getattr(function, "__func__", function)
        if isinstance(function, types.FunctionType) and function.__code__.co_filename == module.__file__:
            yield function.__qualname__, function


def _codes(code: types.CodeType) -> Iterator[tuple[str, types.CodeType]]:
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield inner.co_qualname, inner
            yield from _codes(inner)
