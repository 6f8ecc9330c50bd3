# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CSV, JSON, and how the files come to their place."""

from __future__ import annotations

import csv
import dataclasses
import errno
import io
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import InputError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report import write as _write
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.attention import attention
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.csv import COLUMNS, cell, csv_chunks
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.data import Report, Row
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.json import json_chunks
from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.write import (
    ReportError,
    check_report_path,
    report_files,
    write_report,
)
from report import sample


def table(report: Report) -> list[dict[str, str]]:
    text = "".join(csv_chunks(report))
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), strict=True))


def mode(path: str | Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30 1234", "'+49 30 1234"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("  =1+1", "  '=1+1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("x;=1+1", "x;'=1+1"),
        ("x\n=1+1", "x\n'=1+1"),
        ("a-b=c+d@e", "a-b=c+d@e"),
        ("info@contoso.com", "info@contoso.com"),
        ("\u202egpj", "\u27e8U+202E\u27e9gpj"),
        ("\x00\ud800", "\u27e8U+0000\u27e9\u27e8U+D800\u27e9"),
        (None, ""),
        (True, "true"),
        (False, "false"),
    ],
)
def test_cell(value: object, written: str) -> None:
    assert cell(value) == written


def test_csv_has_every_mailbox_and_every_column() -> None:
    report = sample.enforcement()
    read = table(report)
    assert len(read) == len(report.rows) == 1200
    for line, row in zip(read, report.rows, strict=True):
        assert tuple(line) == COLUMNS
        assert {key: line[key] for key in COLUMNS if key != "attention"} == {
            key: cell(getattr(row, key)) for key in COLUMNS if key != "attention"
        }
        assert line["attention"] == " ".join(attention(row))


def test_csv_has_all_of_a_row() -> None:
    assert {field.name for field in dataclasses.fields(Row)} == set(COLUMNS) - {"attention"}


def test_csv_keeps_quotes_commas_and_lines() -> None:
    name = 'Müller, "Bob"; 2nd\r\nline\nend'
    text = "".join(csv_chunks(Report(title="", tenant="", rows=[Row("a@contoso.com", display_name=name)])))
    assert text.endswith("\r\n")
    assert '"Müller, ""Bob""; 2nd\r\nline\nend"' in text
    assert table(Report(title="", tenant="", rows=[Row("a@contoso.com", display_name=name)]))[0]["display_name"] == name


def test_csv_of_hostile_names_has_no_formula() -> None:
    for line in table(sample.hostile()):
        assert not [value for value in line.values() if value.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_csv_of_nobody_is_a_head() -> None:
    assert table(Report(title="", tenant="")) == []
    assert "".join(csv_chunks(Report(title="", tenant=""))).count("\r\n") == 1


@pytest.mark.parametrize(
    "report",
    [sample.enforcement(), sample.planned(), sample.audit(), sample.evidenced(), sample.hostile(), Report("", "")],
)
def test_json_is_the_report(report: Report) -> None:
    text = "".join(json_chunks(report))
    read = json.loads(text)
    assert text.isascii()
    mailboxes = read.pop("mailboxes")
    assert [entry.pop("attention") for entry in mailboxes] == [list(attention(row)) for row in report.rows]
    assert [Row(**entry) for entry in mailboxes] == list(report.rows)
    assert read.pop("exceptions") == [dataclasses.asdict(row) for row in report.exceptions]
    assert read.pop("schema") == 2
    by_attention = read.pop("by_attention")
    assert by_attention["failed"] == sum(bool(row.error) for row in report.rows)
    plain = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
    assert read == {
        key: list(value) if key in ("warnings", "gone") else value for key, value in plain.items() if key in read
    }
    assert set(plain) - set(read) == {"rows", "exceptions"}


def test_json_has_a_line_for_each_mailbox() -> None:
    lines = "".join(json_chunks(sample.audit(2500))).splitlines()
    assert (
        sum(json.loads(line.rstrip(",")).get("mailbox", "") != "" for line in lines if line[0] == "{" and line != "{")
        == 2500
    )


def test_files_are_written_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    files = write_report(sample.audit(), str(folder))
    assert sorted(os.listdir(folder)) == ["smtp_auth_report.csv", "smtp_auth_report.html", "smtp_auth_report.json"]
    assert [mode(path) for path in dataclasses.astuple(files)] == [0o600] * 3
    assert mode(folder) == 0o700
    assert Path(files.csv).read_bytes().startswith(b"\xef\xbb\xbf")
    assert b"\r\r" not in Path(files.csv).read_bytes()
    assert json.loads(Path(files.json).read_text(encoding="ascii"))["tenant"] == sample.TENANT
    assert "smtp_auth_report.csv" in Path(files.html).read_text(encoding="utf-8")


def test_files_may_have_another_name(tmp_path: Path) -> None:
    assert write_report(sample.audit(), str(tmp_path), "contoso") == report_files(str(tmp_path), "contoso")
    assert sorted(os.listdir(tmp_path)) == ["contoso.csv", "contoso.html", "contoso.json"]


def test_files_that_are_replaced_keep_their_mode(tmp_path: Path) -> None:
    files = write_report(sample.audit(), str(tmp_path))
    os.chmod(files.html, 0o644)
    write_report(sample.enforcement(), str(tmp_path))
    assert mode(files.html) == 0o644
    assert mode(files.csv) == 0o600
    assert "SMTP AUTH baseline" in Path(files.html).read_text(encoding="utf-8")


def test_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine", encoding="utf-8")
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "smtp_auth_report.html").symlink_to(elsewhere)
    files = write_report(sample.audit(), str(folder))
    assert elsewhere.read_text(encoding="utf-8") == "mine"
    assert not os.path.islink(files.html)


def test_failed_write_leaves_the_old_files_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = write_report(sample.audit(), str(tmp_path))
    before = {path: Path(path).read_bytes() for path in dataclasses.astuple(files)}

    def full_disk(report: Report) -> Iterator[str]:
        yield "{"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_write, "json_chunks", full_disk)
    with pytest.raises(ReportError, match=r"smtp_auth_report\.json can't be written: No space left") as caught:
        write_report(sample.enforcement(), str(tmp_path))
    assert caught.value.code == "report"
    assert {path: Path(path).read_bytes() for path in before} == before
    assert len(os.listdir(tmp_path)) == 3


def test_nothing_takes_its_place_before_all_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    replace = os.replace

    def watched(source: str, target: str) -> None:
        seen.append(sorted(os.listdir(tmp_path)))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watched)
    write_report(sample.audit(), str(tmp_path))
    assert len(seen) == 3
    assert all(name.startswith(".smtp_auth_report.") for name in seen[0])
    assert len(seen[0]) == 3


@pytest.mark.parametrize("folder", ["", "a\0b", "missing/reports", "file", "file/reports"])
def test_bad_folder_is_named(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="report_path") as caught:
        check_report_path(folder)
    assert repr(folder)[1:-1] in caught.value.message
    with pytest.raises(InputError):
        write_report(sample.audit(), folder)
    assert os.listdir(tmp_path) == ["file"]


def test_folder_in_a_files_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "smtp_auth_report.csv").mkdir()
    with pytest.raises(InputError, match=r"smtp_auth_report\.csv is a folder"):
        check_report_path(str(tmp_path))


@pytest.mark.parametrize("stem", ["", "a/b", "../a", ".hidden", "a\0"])
def test_bad_name_is_refused(stem: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name"):
        check_report_path(str(tmp_path), stem)


def test_checking_touches_nothing(tmp_path: Path) -> None:
    check_report_path(str(tmp_path / "reports"))
    assert os.listdir(tmp_path) == []
