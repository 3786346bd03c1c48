from __future__ import annotations

import builtins
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pytest
from frame_tasks import frame_of, remember_frame, sum_of
from sample_tasks import echo, large

from flowengine import Flow, InvalidValueError, nodes
from flowengine.value_files import ValueFiles, open_value_files, values_folder
from flowengine.value_pruning import KEPT_SECONDS, MAX_FOLDER_BYTES, prune_values
from flowengine.values import dump, from_json, to_json


@pytest.fixture
def files(tmp_path: Path) -> ValueFiles:
    return ValueFiles(tmp_path / "files", takes_large=True)


def travel(value: Any, files: ValueFiles) -> Any:
    text = dump(value, files)
    assert len(text) < 4096
    return from_json(json.loads(text))


FRAMES = {
    "text, gaps and numbers": pandas.DataFrame({"a": [1, 2], "b": ["x", None], "c": [1.5, float("nan")]}),
    "objects": pandas.DataFrame({"a": pandas.Series([1, None], dtype=object), "b": [[1], [2, 3]]}),
    "times with a zone": pandas.DataFrame({"a": pandas.date_range("2026-01-01", periods=2, tz="Europe/Berlin")}),
    "a regular index": pandas.DataFrame({"a": [1, 2]}, index=pandas.date_range("2026-01-01", periods=2, freq="D")),
    "numbered columns": pandas.DataFrame([[1, 2], [3, 4]]),
    "an index of several levels": pandas.DataFrame(
        [[1, 2]], index=pandas.MultiIndex.from_tuples([("a", 1)], names=["x", "y"])
    ),
    "categories": pandas.DataFrame({"a": pandas.Categorical(["x", "y"], categories=["y", "x", "z"], ordered=True)}),
    "integers with gaps": pandas.DataFrame({"a": pandas.array([1, None], dtype="Int64")}),
    "large integers": pandas.DataFrame({"a": numpy.array([2**63], dtype="uint64")}),
    "nothing": pandas.DataFrame(),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_a_data_frame_arrives_as_it_was_and_can_be_written_to(frame: Any, files: ValueFiles) -> None:
    made = travel(frame, files)
    pandas.testing.assert_frame_equal(made, frame, check_exact=True, check_freq=True)
    made["new"] = 1
    if len(made):
        made.iloc[0, 0] = made.iloc[1 % len(made), 0]


@pytest.mark.parametrize(
    "series", [pandas.Series([1, 2]), pandas.Series(["a"], name="n"), pandas.Series([1.5], name=("a", 1))]
)
def test_a_series_keeps_its_name(series: Any, files: ValueFiles) -> None:
    pandas.testing.assert_series_equal(travel(series, files), series)


@pytest.mark.parametrize(
    ("value", "is_same"),
    [
        (numpy.arange(6).reshape(2, 3).T, numpy.array_equal),
        (
            numpy.array([float("nan")], dtype="float32"),
            lambda one, _: numpy.isnan(one).all() and one.dtype == "float32",
        ),
        (polars.DataFrame({"a": [1, None], "b": ["x", "y"]}), lambda one, other: one.equals(other)),
        (polars.Series("n", [1, 2]), lambda one, other: one.equals(other) and one.name == "n"),
        (pyarrow.table({"a": [1, 2]}), lambda one, other: one.equals(other, check_metadata=True)),
        (pyarrow.record_batch({"a": [1]}), lambda one, other: one.equals(other)),
    ],
)
def test_arrays_and_tables_arrive_as_they_were_at_any_place(value: Any, is_same: Any, files: ValueFiles) -> None:
    made = travel({"rows": [value]}, files)["rows"][0]
    assert type(made) is type(value)
    assert is_same(made, value)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (pandas.DataFrame({"a": pandas.Series([1, "x"], dtype=object)}), "Arrow cannot hold it"),
        (pandas.DataFrame({"a": pandas.Series([(1, 2)], dtype=object)}), 'Arrow would change the column "a"'),
        (pandas.DataFrame({"a": pandas.Series([1, 2.5], dtype=object)}), 'Arrow would change the column "a"'),
        (numpy.array([None]), "an array of objects"),
        (polars.DataFrame({"a": polars.Series([object()], dtype=polars.Object)}), 'the column "a" has Python objects'),
        (numpy.ma.array([1], mask=[True]), "there is no JSON for it"),
        (polars.LazyFrame({"a": [1]}), "there is no JSON for it"),
    ],
)
def test_data_that_would_change_is_refused_with_its_place(value: Any, why: str, files: ValueFiles) -> None:
    with pytest.raises(InvalidValueError, match=why) as caught:
        dump({"rows": [value]}, files)
    assert 'at "rows[0]"' in caught.value.message
    assert not any(files.folder.glob("*")) if files.folder.exists() else True


def test_data_without_a_place_for_files_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="travels only as a file"):
        to_json(pandas.DataFrame({"a": [1]}))


def test_a_missing_package_is_named(files: ValueFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr("importlib.import_module", lambda name, package=None: refuse(name))
    with pytest.raises(InvalidValueError, match=r"flowengine\[data\]"):
        dump(pandas.DataFrame({"a": [1]}), files)


@pytest.mark.parametrize(
    "value", ["ü" * 50_000_000, b"\xff" * 100_000_000, {"deep": ["x" * 2_000_000]}, list(range(500_000))]
)
def test_large_values_are_files(value: Any, files: ValueFiles) -> None:
    assert travel(value, files) == value
    for path in files.folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    assert files.folder.stat().st_mode & 0o777 == 0o700


def test_equal_values_share_a_file_and_nothing_else_is_left(files: ValueFiles) -> None:
    threads = [threading.Thread(target=travel, args=("x" * 2_000_000, files)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(files.folder.iterdir())) == 1


@pytest.fixture
def reference(files: ValueFiles) -> dict[str, Any]:
    made: Any = json.loads(dump(b"secret" * 1_000_000, files))
    assert isinstance(made, dict)
    return made


def test_a_file_that_is_gone_or_changed_is_a_clear_error(reference: dict[str, Any]) -> None:
    path = Path(reference["$file"]["path"])
    data = path.read_bytes()
    path.write_bytes(data[:-1] + b"X")
    with pytest.raises(InvalidValueError, match="is damaged"):
        from_json(reference)
    path.write_bytes(data[:-1])
    with pytest.raises(InvalidValueError, match="is damaged"):
        from_json(reference)
    path.unlink()
    with pytest.raises(InvalidValueError, match="No such file") as caught:
        from_json(reference)
    assert caught.value.code == "not_found"
    assert "flow rerun --from" in str(caught.value.hint)


def test_a_forged_reference_reads_nothing_that_its_author_does_not_know(
    reference: dict[str, Any], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in ["/etc/hostname", "/dev/zero", str(tmp_path / "pipe"), str(tmp_path)]:
        forged: Any = {"$file": {**reference["$file"], "path": path}}
        with pytest.raises(InvalidValueError):
            from_json(forged)


def test_objects_that_look_like_references_are_refused_and_others_travel(
    reference: dict[str, Any], files: ValueFiles
) -> None:
    with pytest.raises(InvalidValueError, match="stands for a file"):
        dump({"a": reference}, files)
    for value in [{"$file": "a.txt"}, {"$file": {"path": "x"}}, {**reference, "more": 1}]:
        assert travel(value, files) == value


def test_values_that_nobody_uses_are_deleted(files: ValueFiles, reference: dict[str, Any]) -> None:
    now = time.time()
    used, old, left = Path(reference["$file"]["path"]), files.folder / "old.bin", files.folder / "new-left"
    for path in (old, left, used):
        path.touch()
        os.utime(path, (now - KEPT_SECONDS - 60,) * 2)
    from_json(reference)
    assert prune_values(files.folder) == 2
    assert [path.name for path in files.folder.glob("[!.]*")] == [used.name]
    old.touch()
    os.utime(old, (now - KEPT_SECONDS - 60,) * 2)
    assert prune_values(files.folder) == 0, "not again within the hour"
    assert prune_values(files.folder / "none") == 0


def test_the_folder_is_bounded_and_what_may_be_in_use_stays(files: ValueFiles, reference: dict[str, Any]) -> None:
    now = time.time()
    sparse = [files.folder / f"{days}.bin" for days in (3, 2, 1)]
    for days, path in zip((3, 2, 0.5), sparse, strict=True):
        path.touch()
        os.truncate(path, MAX_FOLDER_BYTES // 2 - 10_000_000)
        os.utime(path, (now - days * 86_400,) * 2)
    assert prune_values(files.folder) == 1
    assert [path.exists() for path in sparse] == [False, True, True]


def test_a_file_that_somebody_reads_need_not_be_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files = ValueFiles(tmp_path / "values")
    reference = files.keep_bytes("bytes", b"content")

    def refuse(*_: object) -> None:
        raise PermissionError("another process reads it")

    monkeypatch.setattr(os, "replace", refuse)
    assert files.keep_bytes("bytes", b"content") == reference
    with pytest.raises(PermissionError):
        files.keep_bytes("bytes", b"other")
    assert len(list(files.folder.iterdir())) == 1


def test_the_folder_is_named_or_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLOW_VALUES", "off")
    assert open_value_files(takes_large=True) is None
    monkeypatch.setenv("FLOW_VALUES", "")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert values_folder() == tmp_path / "flow" / "values"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert values_folder() == tmp_path / ".local" / "state" / "flow" / "values"
    monkeypatch.setattr("sys.platform", "darwin")
    assert values_folder() == tmp_path / "Library" / "Application Support" / "flow" / "values"
    monkeypatch.delenv("HOME")
    assert values_folder() is None, "there is no history, either"


def test_data_frames_travel_between_tasks_and_arguments() -> None:
    frame = pandas.DataFrame({"a": [1, 2, 3]})
    made = Flow("frames").then(frame_of, sum_of)
    assert made.run(rows=100_000).output == 4_999_950_000
    with Flow("argument") as given_to:
        sum_of(frame)
    assert given_to.run().output == 6
    assert Flow("input").then(sum_of).run(frame=frame).output == 6
    with pytest.raises(InvalidValueError, match="travels only as a file"):
        given_to.to_json()


def test_a_value_of_100_mb_goes_by_file_or_is_refused() -> None:
    result = Flow("large").then(large, echo).run(size=100_000_000)
    assert result.output == "x" * 100_000_000
    refused = Flow("inline").then(large, nodes.shell("wc -c")).run(size=100_000_000)
    assert (refused.error or {})["code"] == "too_large"
    assert "32 MiB" in (refused.error or {})["message"]


def test_other_nodes_get_large_text_itself() -> None:
    result = Flow("shell").then(large, nodes.shell("wc -c")).run(size=3_000_000)
    assert result["shell"]["output"] == 3_000_000


def test_a_result_from_the_cache_whose_file_is_gone_says_so() -> None:
    made = Flow("cache").then(remember_frame, sum_of)
    assert made.run(rows=3).output == 3
    folder = values_folder()
    assert folder is not None
    for path in folder.glob("*.arrow"):
        path.unlink()
    error = made.run(rows=3).error or {}
    assert (error["code"], error["node_id"]) == ("not_found", "sum_of")


def test_a_result_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    result = Flow("lazy").then(frame_of, sum_of).run(rows=3)
    folder = values_folder()
    assert folder is not None
    for path in folder.glob("*.arrow"):
        path.unlink()
    assert result.output == 3
    with pytest.raises(InvalidValueError, match="is not there"):
        result["frame_of"]
