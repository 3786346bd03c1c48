"""Arrays, data frames and tables as files: `.npy`, and Arrow's IPC format. Nothing is pickled.

What a value comes back as is compared with it before anybody else gets it, unless its format is its own.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from .errors import InvalidValueError
from .json_types import refusal

_ARROW = ".arrow"


@dataclass(frozen=True)
class Writer:
    """How a value becomes a file."""

    kind: str
    suffix: str
    write: Callable[[BinaryIO], Any]


def is_data(value: Any) -> bool:
    """Whether a value can only be a file."""
    return kind_of(value) in _WRITERS


def kind_of(value: Any) -> str:
    """Answer the package and the name of a value's type, such as `pandas.DataFrame`."""
    kind = type(value)
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def writer_for(value: Any, place: str) -> Writer | None:
    """Answer how a value becomes a file; none for types that have no format. Raises `InvalidValueError`."""
    kind = kind_of(value)
    prepare = _WRITERS.get(kind)
    if prepare is None:
        return None
    return Writer(kind, ".npy" if kind == "numpy.ndarray" else _ARROW, prepare(value, place))


def read_data(kind: str, file: BinaryIO) -> Any:
    """Answer the value that `writer_for` has written. Raises `InvalidValueError` if a package is missing."""
    read = _READERS.get(kind)
    if read is None:
        hint = "Install the same version of flowengine everywhere."
        raise InvalidValueError(f'a file holds a "{kind}", which is not known', code="invalid_input", hint=hint)
    return read(file)


def import_package(name: str, kind: str) -> Any:
    """Import a package that a kind of data needs. Raises `InvalidValueError` that says what to install."""
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        hint = 'Install it: pip install "flowengine[data]".' if package == "pyarrow" else f"pip install {package}"
        message = f'a {kind} cannot travel: there is no package "{package}"'
        raise InvalidValueError(message, code="invalid_config", hint=hint) from None


def _write_array(value: Any, place: str) -> Callable[[BinaryIO], Any]:
    numpy = import_package("numpy", "numpy.ndarray")
    if value.dtype.hasobject:
        raise refusal(value, place, "an array of objects has no safe format", "Pass it as a list: .tolist().")
    return lambda file: numpy.save(file, value, allow_pickle=False)


def _read_array(file: BinaryIO) -> Any:
    return import_package("numpy", "numpy.ndarray").load(file, allow_pickle=False)


def _write_frame(value: Any, place: str) -> Callable[[BinaryIO], Any]:
    return _arrow_writer(_pandas().to_table(value, place))


def _read_frame(file: BinaryIO) -> Any:
    return _pandas().to_frame(_read_table(file))


def _write_series(value: Any, place: str) -> Callable[[BinaryIO], Any]:
    return _arrow_writer(_pandas().series_to_table(value, place))


def _read_series(file: BinaryIO) -> Any:
    return _pandas().to_series(_read_table(file))


def _pandas() -> Any:
    import_package("pyarrow", "pandas.DataFrame")
    import_package("pandas", "pandas.DataFrame")
    return importlib.import_module(".pandas_tables", __package__)


def _write_table(value: Any, _place: str) -> Callable[[BinaryIO], Any]:
    return _arrow_writer(value)


def _write_batch(value: Any, _place: str) -> Callable[[BinaryIO], Any]:
    return _arrow_writer(import_package("pyarrow", "pyarrow.RecordBatch").Table.from_batches([value]))


def _arrow_writer(table: Any) -> Callable[[BinaryIO], Any]:
    ipc = import_package("pyarrow.ipc", "pyarrow.Table")

    def write(file: BinaryIO) -> None:
        with ipc.new_file(file, table.schema, options=ipc.IpcWriteOptions(compression="lz4")) as writer:
            writer.write_table(table)

    return write


def _read_table(file: BinaryIO) -> Any:
    return import_package("pyarrow.ipc", "pyarrow.Table").open_file(file).read_all()


def _read_batch(file: BinaryIO) -> Any:
    reader = import_package("pyarrow.ipc", "pyarrow.RecordBatch").open_file(file)
    pyarrow = import_package("pyarrow", "pyarrow.RecordBatch")
    return reader.get_batch(0) if reader.num_record_batches else pyarrow.RecordBatch.from_pylist([], reader.schema)


def _write_polars(value: Any, place: str) -> Callable[[BinaryIO], Any]:
    polars = import_package("polars", "polars.DataFrame")
    frame = value.to_frame() if isinstance(value, polars.Series) else value
    objects = [name for name, dtype in frame.schema.items() if dtype == polars.Object]
    if objects:
        why = f'the column "{objects[0]}" has Python objects'
        raise refusal(value, place, why, "Give the column a type that Arrow has.")
    return lambda file: frame.write_ipc(file, compression="lz4")


def _read_polars(file: BinaryIO) -> Any:
    return import_package("polars", "polars.DataFrame").read_ipc(file)


def _read_polars_series(file: BinaryIO) -> Any:
    return _read_polars(file).to_series()


_WRITERS: dict[str, Callable[[Any, str], Callable[[BinaryIO], Any]]] = {
    "numpy.ndarray": _write_array,
    "pandas.DataFrame": _write_frame,
    "pandas.Series": _write_series,
    "polars.DataFrame": _write_polars,
    "polars.Series": _write_polars,
    "pyarrow.Table": _write_table,
    "pyarrow.RecordBatch": _write_batch,
}
_READERS: dict[str, Callable[[BinaryIO], Any]] = {
    "numpy.ndarray": _read_array,
    "pandas.DataFrame": _read_frame,
    "pandas.Series": _read_series,
    "polars.DataFrame": _read_polars,
    "polars.Series": _read_polars_series,
    "pyarrow.Table": _read_table,
    "pyarrow.RecordBatch": _read_batch,
}
