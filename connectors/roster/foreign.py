"""What a file is that is no text: known by its first bytes and, in an archive, by the names of its parts."""

from __future__ import annotations

import codecs
import io
import zipfile
from typing import Final

SAVE_AS: Final = 'save it as text in UTF-8 (Excel: Save As, "CSV UTF-8"; PowerShell: Export-Csv -Encoding utf8)'
WORKBOOK: Final = "xl/workbook.xml"
"""The part that an Excel workbook (.xlsx) has, and no other archive."""

_SAVE_AS_WORKBOOK: Final = 'save it as a workbook of today (Excel: Save As, "Excel Workbook (*.xlsx)")'
_ZIP: Final = b"PK\x03\x04"
# [MS-CFB] 2.2: old workbooks, and, by [MS-OFFCRYPTO] 1.3, every workbook that is encrypted, are compound files.
_COMPOUND: Final = b"\xd0\xcf\x11\xe0"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_OTHERS: Final = (
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (codecs.BOM_UTF32_LE, "text in UTF-32"),
    (codecs.BOM_UTF32_BE, "text in UTF-32"),
)


def is_workbook(data: bytes) -> bool:
    """Whether this is an Excel workbook (.xlsx), sound or not in its parts."""
    return data.startswith(_ZIP) and WORKBOOK in _parts(data)


def foreign(data: bytes) -> str:
    """Say what the bytes are, and what to do, where they are no text; "" where they may be."""
    if data.startswith(_ZIP):
        return _archive(data)
    if data.startswith(_COMPOUND):
        if _ENCRYPTED in data:
            return (
                "this is a workbook that a password or a sensitivity label encrypts; take that off (Excel: File, Info, "
                "Protect Workbook, or choose a label without encryption), and save it"
            )
        return f"this is an old Excel workbook (.xls); {_SAVE_AS_WORKBOOK}"
    what = next((what for magic, what in _OTHERS if data.startswith(magic)), "")
    return f"this is {what}; {SAVE_AS}" if what else ""


def _archive(data: bytes) -> str:
    parts = _parts(data)
    if not parts:
        return (
            "this is a workbook or another zip archive, and it is damaged; copy it again, or open it in Excel and "
            "save it"
        )
    if WORKBOOK in parts:
        return f"this is an Excel workbook; give it a name that ends in .xlsx, or {SAVE_AS}"
    if "xl/workbook.bin" in parts:
        return f"this is a binary Excel workbook (.xlsb); {_SAVE_AS_WORKBOOK}"
    if {"mimetype", "content.xml"} <= parts:
        return f"this is an OpenDocument file (.ods); {_SAVE_AS_WORKBOOK}"
    return "this is a zip archive and no workbook; unpack it, and name the file in it"


def _parts(data: bytes) -> frozenset[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return frozenset(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError):
        return frozenset()
