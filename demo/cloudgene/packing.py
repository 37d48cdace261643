"""Encrypted archives as `7z a -tzip -p…` writes them: ZipCrypto by default, AES-256 on request.

The stdlib reads ZipCrypto (APPNOTE.TXT 6.1) but does not write it; pyzipper writes AES.
"""

import secrets
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import pyzipper

ENCRYPTED = 0x1  # general purpose bit 0
HEADER_LENGTH = 12


def pack(archive: Path, members: Sequence[Path], *, password: str, aes: bool) -> None:
    """Write an archive whose members all need `password`."""
    if aes:
        with pyzipper.AESZipFile(
            archive, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
        ) as file:
            file.setpassword(password.encode())
            for member in members:
                file.write(member, member.name)
        return
    directory = []
    with archive.open("wb") as output:
        for member in members:
            content = member.read_bytes()
            info = zipfile.ZipInfo(member.name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.flag_bits = ENCRYPTED
            info.file_size, info.CRC = len(content), zlib.crc32(content)
            info.header_offset = output.tell()
            sealed = _encrypt(_deflate(content), password, check=info.CRC >> 24)
            info.compress_size = len(sealed)
            output.write(info.FileHeader(zip64=False) + sealed)
            directory.append(_entry(info))
        start, entries = output.tell(), b"".join(directory)
        count = len(directory)
        output.write(entries)
        output.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(entries), start, 0))


def _deflate(content: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(content) + deflater.flush()


def _entry(info: zipfile.ZipInfo) -> bytes:
    """Return the member's entry in the central directory (APPNOTE.TXT 4.3.12)."""
    name = info.filename.encode()
    return (
        struct.pack(
            "<4s6H3L5H2L",
            b"PK\1\2",
            20,
            20,
            info.flag_bits,
            info.compress_type,
            0,
            0x21,  # 1 January 1980, as in the local header
            info.CRC,
            info.compress_size,
            info.file_size,
            len(name),
            0,
            0,
            0,
            0,
            0,
            info.header_offset,
        )
        + name
    )


def _encrypt(plain: bytes, password: str, *, check: int) -> bytes:
    """Encrypt as APPNOTE.TXT 6.1 says; the header's last byte lets a reader test the password."""
    crc, stream = _CRC, _STREAM
    first, second, third = 0x12345678, 0x23456789, 0x34567890
    key = password.encode()
    header = secrets.token_bytes(HEADER_LENGTH - 1) + bytes([check])
    output = bytearray()
    for byte in key + header + plain:
        output.append(byte ^ stream[third & 0xFFFF])
        first = (first >> 8) ^ crc[(first ^ byte) & 0xFF]
        second = ((second + (first & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        third = (third >> 8) ^ crc[(third ^ (second >> 24)) & 0xFF]
    return bytes(output[len(key) :])


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ 0xEDB88320 if byte & 1 else byte >> 1
    return byte


_CRC = [_crc_of(byte) for byte in range(256)]
_STREAM = bytes(((low | 2) * ((low | 2) ^ 1) >> 8) & 0xFF for low in range(0x10000))
