"""The file of shared metrics is the library's own format, written without a mapping."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

from operation_server.metrics.value_file import ValueFile


def test_the_library_reads_what_is_written(tmp_path: Path) -> None:
    file = ValueFile(str(tmp_path / "counter_1.db"))
    for number in range(2_000):
        file.write_value(f"key {'x' * (number % 17)} {number} ä", number, 7.0)
    file.write_value("key  0 ä", 5.5, 8.0)

    read = {
        key: (value, timestamp)
        for key, value, timestamp, _ in MmapedDict.read_all_values_from_file(tmp_path / "counter_1.db")
    }

    assert len(read) == 2_000
    assert read["key  0 ä"] == (5.5, 8.0)
    assert read[f"key {'x' * (1_999 % 17)} 1999 ä"] == (1_999, 7.0)
    file.close()


def test_a_file_is_gone_on_with(tmp_path: Path) -> None:
    first = ValueFile(str(tmp_path / "counter_1.db"))
    first.write_value("a", 3, 0)
    first.close()

    second = ValueFile(str(tmp_path / "counter_1.db"))

    assert second.read_value("a") == (3, 0)
    assert second.read_value("b") == (0, 0)
    assert {key: value for key, value, _ in second.read_all_values()} == {"a": 3, "b": 0}
    second.close()


def test_what_could_not_be_written_is_written_with_the_next_value(tmp_path: Path) -> None:
    (tmp_path / "late").touch()
    file = ValueFile(str(tmp_path / "late" / "counter_1.db"))
    file.write_value("a", 1, 0)
    (tmp_path / "late").unlink()
    file.write_value("b", 2, 0)

    read = MmapedDict.read_all_values_from_file(tmp_path / "late" / "counter_1.db")
    assert {key: value for key, value, *_ in read} == {"a": 1, "b": 2}
    file.close()


def test_a_broken_file_is_begun_anew(tmp_path: Path) -> None:
    for content in (b"", b"\1", b"\xff" * 100):
        path = tmp_path / "counter_1.db"
        path.write_bytes(content)
        file = ValueFile(str(path))
        file.write_value("a", 1, 0)
        assert [key for key, *_ in MmapedDict.read_all_values_from_file(path)] == ["a"]
        file.close()
