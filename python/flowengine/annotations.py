"""Making JSON again what a function says that it wants."""

from __future__ import annotations

import collections
import collections.abc
import dataclasses
import enum
import functools
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Union, get_args, get_origin

from .callables import described_by
from .errors import FlowEngineError, InvalidValueError
from .json_types import at, shown
from .restoring import RESTORERS, restore_named

_LISTS = (list, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)
_SETS = (set, frozenset, collections.abc.Set)
_NOTHING: Mapping[Any, Any] = types.MappingProxyType({})
_MAPPINGS = (
    dict,
    collections.OrderedDict,
    collections.defaultdict,
    collections.abc.Mapping,
    collections.abc.MutableMapping,
)


def restore(annotation: Any, value: Any, place: str = "") -> Any:
    """Answer the value that the annotation asks for: JSON has no dates, tuples, sets, dataclasses and the like.

    A value that needs no change, None, and what the annotation does not tell, stay as they are. Raises
    `InvalidValueError` with the place if it cannot be made what is asked for.
    """
    if value is None or annotation is Any:
        return value
    origin = get_origin(annotation)
    if origin is not None:
        return _restore_generic(origin, get_args(annotation), value, place)
    if isinstance(annotation, type):
        return _restore_class(annotation, value, place)
    inner = getattr(annotation, "__supertype__", None) or getattr(annotation, "__value__", None)
    return value if inner is None else restore(inner, value, place)


def hints_of(target: Callable[..., Any]) -> dict[str, Any]:
    """Answer the annotations of a function or a class, as types; those that nobody can find are left out."""
    return _hints_of(described_by(target))


@functools.lru_cache(maxsize=1024)
def _hints_of(target: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(target, include_extras=True)
    except Exception:
        written = getattr(target, "__annotations__", {})
        return {name: hint for name, text in written.items() if (hint := _evaluate(text, target)) is not None}


def _evaluate(text: Any, target: Any) -> Any:
    if not isinstance(text, str):
        return text
    module = sys.modules.get(target.__module__)
    known = getattr(target, "__globals__", None) or vars(module or types)
    try:
        return eval(text, dict(known))
    except Exception:
        return None


def _restore_generic(origin: Any, arguments: tuple[Any, ...], value: Any, place: str) -> Any:
    if origin is typing.Annotated:
        return restore(arguments[0], value, place)
    if origin in (Union, types.UnionType):
        return _restore_union(arguments, value, place)
    if origin is tuple:
        return _restore_tuple(arguments, value, place)
    if origin in _LISTS and isinstance(value, list):
        return _restore_items(arguments, value, place)
    if origin in _SETS and isinstance(value, list):
        made = frozenset if origin is frozenset else set
        return made(_restore_items(arguments, value, place))
    if origin in _MAPPINGS and isinstance(value, dict) and len(arguments) == 2:
        key_type, value_type = arguments
        parts = {
            _restore_key(key_type, key): restore(value_type, part, _under(place, key)) for key, part in value.items()
        }
        return collections.OrderedDict(parts) if origin is collections.OrderedDict else parts
    if isinstance(origin, type) and dataclasses.is_dataclass(origin) and not isinstance(value, origin):
        return _make_dataclass(origin, _object(origin, value, place), place, _arguments_of(origin, arguments))
    return _restore_class(origin, value, place) if isinstance(origin, type) else value


def _arguments_of(origin: Any, arguments: tuple[Any, ...]) -> dict[Any, Any]:
    """Answer what stands for the type variables of a generic class."""
    return dict(zip(getattr(origin, "__parameters__", ()), arguments, strict=False))


def _restore_items(arguments: tuple[Any, ...], value: list[Any], place: str) -> list[Any]:
    (inner,) = arguments or (Any,)
    return [restore(inner, item, f"{place}[{index}]") for index, item in enumerate(value)]


def _restore_tuple(arguments: tuple[Any, ...], value: Any, place: str) -> Any:
    if not isinstance(value, list):
        return value
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_restore_items(arguments[:1], value, place))
    if len(arguments) != len(value):
        raise _mismatch(f"a tuple of {len(arguments)}", value, place)
    parts = zip(arguments, value, strict=True)
    return tuple(restore(inner, item, f"{place}[{index}]") for index, (inner, item) in enumerate(parts))


def _restore_key(annotation: Any, key: str) -> Any:
    """Answer a key, which JSON knows only as text; those that are no such numbers stay."""
    if annotation in (int, float):
        try:
            return annotation(key)
        except ValueError:
            return key
    return restore(annotation, key)


def _restore_union(members: tuple[Any, ...], value: Any, place: str) -> Any:
    """Answer what the first member makes of the value; members that JSON itself has come first."""
    if type(value) in members:
        return value
    failure: InvalidValueError | None = None
    for member in members:
        if member is type(None):
            continue
        try:
            made = restore(member, value, place)
        except InvalidValueError as error:
            failure = failure or error
        else:
            if made is not value or _fits(member, value):
                return made
    if failure is None:
        return value
    raise failure


def _fits(member: Any, value: Any) -> bool:
    base = get_origin(member) or member
    return base is Any or (isinstance(base, type) and isinstance(value, base))


def _restore_class(wanted: type, value: Any, place: str) -> Any:
    if typing.is_typeddict(wanted):
        return _restore_fields(wanted, value, place) if isinstance(value, dict) else value
    if isinstance(value, wanted):
        return value
    try:
        return _make(wanted, value, place)
    except FlowEngineError:
        raise
    except Exception as error:
        raise _mismatch(f"{wanted.__name__}", value, place, f": {error}") from None


def _make(wanted: type, value: Any, place: str) -> Any:
    if dataclasses.is_dataclass(wanted):
        return _make_dataclass(wanted, _object(wanted, value, place), place)
    if hasattr(wanted, "model_validate"):
        return _make_model(wanted, value, place)
    if issubclass(wanted, enum.Enum):
        return _make_member(wanted, value)
    if issubclass(wanted, tuple) and hasattr(wanted, "_fields") and isinstance(value, list):
        hints = hints_of(wanted)
        types_of_fields = tuple(hints.get(name, Any) for name in wanted._fields)
        return wanted(*_restore_tuple(types_of_fields, value, place))
    for base, make in RESTORERS.items():
        if issubclass(wanted, base):
            return make(wanted, value)
    return restore_named(wanted, value)


def _make_dataclass(wanted: Any, value: dict[str, Any], place: str, given: Mapping[Any, Any] = _NOTHING) -> Any:
    fields = {field.name: field for field in dataclasses.fields(wanted)}
    unknown = [name for name in value if name not in fields]
    if unknown:
        raise _mismatch(wanted.__name__, value, place, f': it has no field "{unknown[0]}"')
    parts = _restore_fields(wanted, value, place, given)
    made = wanted(**{name: part for name, part in parts.items() if fields[name].init})
    for name, part in parts.items():
        if not fields[name].init:
            object.__setattr__(made, name, part)
    return made


def _restore_fields(
    wanted: Any, value: dict[str, Any], place: str, given: Mapping[Any, Any] = _NOTHING
) -> dict[str, Any]:
    hints = hints_of(wanted)
    return {
        name: restore(_field_type(hints.get(name, Any), given), part, _under(place, name))
        for name, part in value.items()
    }


def _field_type(annotation: Any, given: Mapping[Any, Any]) -> Any:
    """Answer the type within `Required[...]` and the like; type variables become what is `given` for them."""
    name = getattr(get_origin(annotation), "_name", None)
    if name in {"Required", "NotRequired", "ReadOnly"}:
        return get_args(annotation)[0]
    if isinstance(annotation, typing.TypeVar):
        return given.get(annotation, Any)
    open_types = getattr(annotation, "__parameters__", ()) if get_origin(annotation) is not None else ()
    return annotation[tuple(given.get(open_type, Any) for open_type in open_types)] if open_types else annotation


def _make_model(wanted: Any, value: Any, place: str) -> Any:
    """Answer a pydantic model. Its fields are restored first: strict models take no text for dates."""
    known: Mapping[str, Any] = getattr(wanted, "model_fields", {})
    if not isinstance(value, dict) or "root" in known:
        return wanted.model_validate(value)
    parts: dict[str, Any] = {}
    for name, part in value.items():
        field = known.get(name)
        if field is None:
            parts[name] = part
            continue
        alias = field.validation_alias or field.alias
        key = alias if isinstance(alias, str) else name
        parts[key] = restore(field.annotation, part, _under(place, name))
    return wanted.model_validate(parts)


def _make_member(wanted: type[enum.Enum], value: Any) -> Any:
    """Answer the member with a value, which JSON may have changed: a tuple is a list there."""
    from .values import to_json

    for member in wanted:
        if to_json(member.value) == value:
            return member
    return wanted(value)


def _object(wanted: type, value: Any, place: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise _mismatch(wanted.__name__, value, place)


def _under(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _mismatch(wanted: str, value: Any, place: str, why: str = "") -> InvalidValueError:
    message = f"cannot make {wanted} of {type(value).__name__} {shown(value)}{at(place)}{why}"
    return InvalidValueError(message, code="invalid_input", hint="Pass what the annotation says, or change it.")
