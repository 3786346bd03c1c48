"""What documents call values that there will be: expressions, as docs/expressions.md describes them."""

from __future__ import annotations

import re
from typing import Any

from .errors import InvalidFlowError
from .graph import InputReference, Node, Reference, Verbatim

_PLAIN_NAME = re.compile(r"^(?!(and|or|in|true|false|null|function)$)[A-Za-z_][A-Za-z0-9_]*$")


def expression(text: str, /, *values: Any, **named: Any) -> Verbatim:
    """Answer an expression for the config of a built-in node, or its field `when`.

    `{}` and `{name}` stand for values of nodes and inputs: `expression("{} > 10", count(rows))`. Other braces are
    written twice. Raises `InvalidFlowError` for values that are known already.
    """
    paths = {name: path_of(value) for name, value in named.items()}
    try:
        filled = text.format(*map(path_of, values), **paths)
    except (LookupError, ValueError) as error:
        hint = "Give a value for each {}, and write other braces twice."
        raise InvalidFlowError(f'cannot read the expression "{text}": {error}', hint=hint) from None
    return Verbatim(f"${{{{ {filled} }}}}", (*values, *named.values()))


def path_of(value: Any) -> str:
    """Answer what expressions call a value that there will be. Raises `InvalidFlowError` for any other."""
    if isinstance(value, Node):
        return path_of(Reference(value, value.main_output))
    if isinstance(value, Reference):
        parts = [f"[{part}]" if isinstance(part, int) else f".{_quote(part)}" for part in value.path]
        return f"nodes.{_quote(value.node.id)}.{_quote(value.port)}{''.join(parts)}"
    if isinstance(value, InputReference):
        return f"inputs.{_quote(value.name)}"
    raise InvalidFlowError(f"{value!r} is no value of a node and no input", hint="Write it into the expression.")


def _quote(name: str) -> str:
    if "`" in name:
        raise InvalidFlowError(f'"{name}" cannot stand in an expression: it has a backtick', hint="Rename it.")
    return name if _PLAIN_NAME.match(name) else f"`{name}`"
