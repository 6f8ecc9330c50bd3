# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Writes the three files of a report. Each is there whole, or as it was before."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import stat
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .._errors import InputError, M365Error
from .csv import csv_chunks
from .html import render_html
from .json import json_chunks

if TYPE_CHECKING:
    from .data import Report

STEM = "smtp_auth_report"


class ReportError(M365Error):
    """The report couldn't be written. What the run did to the tenant stands."""

    code = "report"


@dataclasses.dataclass(frozen=True)
class ReportFiles:
    """The paths of a report's files."""

    html: str
    csv: str
    json: str


def report_files(folder: str, stem: str = STEM) -> ReportFiles:
    return ReportFiles(*(os.path.join(folder, f"{stem}.{ending}") for ending in ("html", "csv", "json")))


def check_report_path(folder: str, stem: str = STEM) -> None:
    """To be called before anything is changed: is there a place for the report? Nothing is touched.

    :raises InputError: there is none, as far as that can be told.
    """
    if not stem or "\0" in stem or os.path.basename(stem) != stem or stem.startswith("."):
        raise InputError(f"The report's name {stem!r} can't be the start of a file name.")
    if not folder or "\0" in folder:
        raise InputError(f"report_path {folder!r} isn't a path.")
    if os.path.isdir(folder):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InputError(f"report_path {folder}: no file can be made in it.")
        for path in dataclasses.astuple(report_files(folder, stem)):
            if os.path.isdir(path):
                raise InputError(f"report_path {folder}: {path} is a folder.")
        return
    if os.path.lexists(folder):
        raise InputError(f"report_path {folder} is not a folder.")
    parent = os.path.dirname(os.path.abspath(folder))
    if not os.path.isdir(parent):
        raise InputError(f"report_path {folder}: the folder {parent} doesn't exist.")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise InputError(f"report_path {folder}: it doesn't exist, and can't be made in {parent}.")


def write_report(report: Report, folder: str, stem: str = STEM) -> ReportFiles:
    """Write HTML, CSV and JSON into ``folder``, which is made (mode 0700) if its parent exists.

    New files have mode 0600; one that is replaced keeps its mode. All three are written under other names first and
    then put in place, so that nobody reads half a report.

    :raises InputError: as ``check_report_path``.
    :raises ReportError: the disk is full, or the like; names the path.
    """
    check_report_path(folder, stem)
    files = report_files(folder, stem)
    path = folder
    waiting: list[tuple[str, str]] = []
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        page = render_html(report, csv_name=os.path.basename(files.csv), json_name=os.path.basename(files.json))
        contents = {files.html: (page,), files.csv: csv_chunks(report), files.json: json_chunks(report)}
        for path, chunks in contents.items():
            draft = os.path.join(folder, f".{os.path.basename(path)}.{secrets.token_hex(6)}")
            waiting.append((draft, path))
            _write(draft, chunks, _mode_for(path))
        while waiting:
            draft, path = waiting[0]
            os.replace(draft, path)
            waiting.pop(0)
    except OSError as error:
        raise ReportError(f"The report {path} can't be written: {error.strerror or error}.") from error
    finally:
        for draft, _path in waiting:
            with contextlib.suppress(OSError):
                os.unlink(draft)
    return files


def _mode_for(path: str) -> int:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return 0o600
    return stat.S_IMODE(found.st_mode) & 0o666 if stat.S_ISREG(found.st_mode) else 0o600


def _write(path: str, chunks: Iterable[str], mode: int) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8", newline="") as stream:
        for chunk in chunks:
            stream.write(chunk)
        stream.flush()
        os.fchmod(stream.fileno(), mode)
        os.fsync(stream.fileno())
