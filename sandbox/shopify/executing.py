"""A small GraphQL executor: parse, validate where the stored schema is at hand, run the fields, keep what was asked.

A node is a dict; a value in it may be a function of the field's arguments. `__typename` decides inline fragments.
A field that a node lacks is an error, so that a gap of this stand-in is heard.
"""

from __future__ import annotations

import gzip
import json
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLSchema, build_client_schema, parse, validate
from graphql.language import ast
from graphql.utilities import value_from_ast_untyped

from sandbox.shopify.shopfront import Json

FILE = "shopify-admin-2026-10.introspection.json.gz"
Resolver = Callable[["Call", Json], Any]
_lock = threading.Lock()
_FREE = frozenset({"nodes", "edges", "node", "pageInfo", "userErrors"})


class Wrong(Exception):
    """A top-level error of the answer; `code` stands in its extensions."""

    def __init__(self, message: str, code: str = "BAD_REQUEST") -> None:
        self.code = code
        super().__init__(message)


@dataclass
class Call:
    """One operation that is being run. `directives`: of the top-level field, name → arguments."""

    world: Any
    variables: Mapping[str, Any]
    fragments: Mapping[str, ast.FragmentDefinitionNode]
    is_bulk: bool = False
    directives: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Read:
    """A parsed request."""

    operation: ast.OperationDefinitionNode
    fragments: Mapping[str, ast.FragmentDefinitionNode]
    variables: Mapping[str, Any]

    @property
    def is_mutation(self) -> bool:
        return self.operation.operation.value == "mutation"


def read(query: str, variables: Mapping[str, Any], directory: Path | None) -> Read:
    """Raises Wrong for a syntax error, an unknown field, a missing or wrong variable."""
    document, problems = _checked(query, directory)
    if problems:
        raise Wrong("; ".join(problems[:5]))
    operations = [node for node in document.definitions if isinstance(node, ast.OperationDefinitionNode)]
    if len(operations) != 1:
        raise Wrong("An operation name is required")
    fragments = {n.name.value: n for n in document.definitions if isinstance(n, ast.FragmentDefinitionNode)}
    schema = schema_in(directory)
    if schema is not None:
        _check_variables(schema, operations[0], variables)
    given = dict(variables)
    for definition in operations[0].variable_definitions or ():
        name = definition.variable.name.value
        if name not in given and definition.default_value is not None:
            given[name] = value_from_ast_untyped(definition.default_value)
    return Read(operations[0], fragments, given)


@lru_cache(maxsize=256)
def _checked(query: str, directory: Path | None) -> tuple[ast.DocumentNode, tuple[str, ...]]:
    try:
        document = parse(query)
    except GraphQLError as error:
        raise Wrong(f"syntax error: {error.message}") from error
    schema = schema_in(directory)
    return document, tuple(error.message for error in validate(schema, document)) if schema is not None else ()


def schema_in(directory: Path | None) -> GraphQLSchema | None:
    """The stored introspection result as a schema, built once; None where the file is not at hand."""
    with _lock:
        return _schema(directory)


@lru_cache(maxsize=2)
def _schema(directory: Path | None) -> GraphQLSchema | None:
    path = directory / FILE if directory else None
    if path is None or not path.is_file():
        return None
    told = json.loads(gzip.decompress(path.read_bytes()))
    return build_client_schema(told.get("data", told), assume_valid=True)


def _check_variables(schema: GraphQLSchema, operation: ast.OperationDefinitionNode, given: Mapping[str, Any]) -> None:
    from graphql.execution.values import get_variable_values  # its place differs between versions

    found = get_variable_values(schema, operation.variable_definitions or (), dict(given))
    if isinstance(found, list):
        raise Wrong("; ".join(error.message for error in found[:5]), "INVALID_VARIABLE")


# -- running


def run(asked: Read, world: Any, resolvers: Mapping[str, Resolver], *, is_bulk: bool = False) -> Json:
    """The data of the answer. Raises Wrong."""
    call = Call(world, asked.variables, asked.fragments, is_bulk)
    out: Json = {}
    for node in _fields(asked.operation.selection_set, call, ""):
        name = node.name.value
        if name not in resolvers:
            raise Wrong(f"Field '{name}' is not offered by this stand-in", "undefinedField")
        call.directives = {d.name.value: _arguments(d, call) for d in node.directives or ()}
        value = resolvers[name](call, _arguments(node, call))
        out[_key(node)] = _project(value, node, call)
    return out


def _project(value: Any, node: ast.FieldNode, call: Call) -> Any:
    if callable(value):
        value = value(_arguments(node, call))
    if value is None or node.selection_set is None:
        return value
    if isinstance(value, list | tuple):
        return [_project(item, node, call) for item in value]
    if not isinstance(value, dict):
        raise Wrong(f"Field '{node.name.value}' has no fields")
    out: Json = {}
    for child in _fields(node.selection_set, call, value.get("__typename", "")):
        name = child.name.value
        if name not in value:
            raise Wrong(f"Field '{name}' is not offered by this stand-in (in {node.name.value})", "undefinedField")
        out[_key(child)] = _project(value[name], child, call)
    return out


def _fields(selection: ast.SelectionSetNode | None, call: Call, typename: str) -> list[ast.FieldNode]:
    found: list[ast.FieldNode] = []
    for node in selection.selections if selection else ():
        if isinstance(node, ast.FieldNode):
            found.append(node)
        elif isinstance(node, ast.InlineFragmentNode):
            if node.type_condition is None or _fits(node.type_condition.name.value, typename):
                found += _fields(node.selection_set, call, typename)
        elif isinstance(node, ast.FragmentSpreadNode):
            fragment = call.fragments[node.name.value]
            found += _fields(fragment.selection_set, call, typename)
    return found


def _fits(condition: str, typename: str) -> bool:
    return not typename or condition == typename


def _key(node: ast.FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


def _arguments(node: Any, call: Call) -> Json:
    out = {}
    for argument in node.arguments or ():
        value = argument.value
        if isinstance(value, ast.VariableNode) and value.name.value not in call.variables:
            continue  # left out, which is not the same as null
        out[argument.name.value] = value_from_ast_untyped(value, dict(call.variables))
    return out


# -- what it costs (§2): scalars 0, objects 1, a mutation 10, connections grow with `first`, less than in proportion


def requested_cost(asked: Read) -> int:
    call = Call(None, asked.variables, asked.fragments)
    return math.ceil(_ask(asked.operation.selection_set, call, asked.is_mutation))


def _ask(selection: ast.SelectionSetNode | None, call: Call, is_mutation: bool = False) -> float:
    total = 0.0
    for node in _fields(selection, call, ""):
        if node.selection_set is None:
            continue
        inner = _ask(node.selection_set, call)
        asked = _arguments(node, call)
        first = asked.get("first") or asked.get("last")
        if is_mutation:
            total += 10  # what it gives back is free
        elif first:
            total += 2 + size(int(first)) * inner
        else:
            total += inner if node.name.value in _FREE else 1 + inner
    return total


def actual_cost(asked: Read, data: Json) -> int:
    call = Call(None, asked.variables, asked.fragments)
    if asked.is_mutation:
        return 10
    return math.ceil(_spent(asked.operation.selection_set, data, call))


def _spent(selection: ast.SelectionSetNode | None, data: Any, call: Call) -> float:
    if data is None:
        return 0.0
    if isinstance(data, list):
        each = [_spent(selection, item, call) for item in data[:20]]
        return size(len(data)) * sum(each) / len(each) if each else 0.0
    total = 0.0
    for node in _fields(selection, call, ""):
        if node.selection_set is None or _key(node) not in data:
            continue
        inner = _spent(node.selection_set, data[_key(node)], call)
        asked = _arguments(node, call)
        total += inner if node.name.value in _FREE else (2 if asked.get("first") else 1) + inner
    return total


def size(count: int) -> float:
    """How many of `count` items are paid for."""
    return min(float(count), max(1.0, 2 * math.log(count))) if count > 0 else 0.0
