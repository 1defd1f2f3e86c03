"""Which picture formats are opened, told by the first bytes, and what each may claim to be.

Only headers are read here: a picture that says it is too large is refused before it costs anything.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from PIL import ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from demos.base.errors import UserError

_MAX_SCANS = 64               # of a progressive JPEG; every scan passes over the whole picture


@dataclass(frozen=True)
class _Format:
    """A format that is opened. The class is called directly: `Image.open` would consult, and warn by,
    a process-wide pixel limit; the constructor reads the header and decodes nothing."""

    name: str
    signature: re.Pattern[bytes]
    opener: Callable[[BytesIO], ImageFile.ImageFile]
    megapixels: int           # a JPEG shrinks while it decodes; WebP needs 16 bytes a pixel


def _starts(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


_FORMATS = (
    _Format("PNG", _starts(rb"\x89PNG\r\n\x1a\n"), PngImageFile, 150),
    _Format("JPEG", _starts(rb"\xff\xd8\xff"), JpegImageFile, 200),
    _Format("WebP", _starts(rb"RIFF....WEBP"), WebPImageFile, 64),
    _Format("GIF", _starts(rb"GIF8[79]a"), GifImageFile, 150),
    _Format("TIFF", _starts(rb"II\*\0|MM\0\*"), TiffImageFile, 150),
    _Format("BMP", _starts(rb"BM.{4}.{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0"), BmpImageFile, 150),
)

# Files that people take for pictures, to be named in the refusal.
_OTHERS = (
    ("PDF", _starts(rb"%PDF-")),
    ("ZIP", _starts(rb"PK\x03\x04|PK\x05\x06")),
    ("AVIF", _starts(rb"....ftypavi[fs]")),
    ("HEIC", _starts(rb"....ftyp(hei|hev|mif1|msf1)")),
    ("MP4", _starts(rb"....ftyp|\x1a\x45\xdf\xa3")),
    ("PSD", _starts(rb"8BPS")),
    ("ICO", _starts(rb"\0\0\x01\0[^\0]\0")),
)


def open_picture(data: bytes) -> ImageFile.ImageFile:
    """The picture in `data`, its header read and nothing decoded.

    Raises:
        UserError: `picture_format`, `picture_not_a_picture`, `picture_too_large`, `picture_corrupt`.
        Exception: what Pillow raises on a broken header.
    """
    kind = _recognise(data)
    if kind.name == "WebP":
        # Opening a WebP already allocates its canvas.
        _refuse_bomb(_webp_size(data), kind.megapixels)
    elif kind.name == "PNG":
        data = _essential_chunks(data)
    elif kind.name == "JPEG":
        _refuse_scan_bomb(data)
    picture = kind.opener(BytesIO(data))
    _refuse_bomb(picture.size, kind.megapixels)
    return picture


def _recognise(data: bytes) -> _Format:
    for kind in _FORMATS:
        if kind.signature.match(data):
            return kind
    for name, signature in _OTHERS:
        if signature.match(data):
            raise UserError("picture_format", format=name)
    # Mark-up may begin with comments of any length and number; a pattern for them would be a trap.
    head = data[:2048].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith(b"<"):
        for name, tag in (("HTML", b"<!doctype html"), ("HTML", b"<html"), ("SVG", b"<svg")):
            if tag in head:
                raise UserError("picture_format", format=name)
    raise UserError("picture_not_a_picture")


def _refuse_bomb(size: tuple[int, int], megapixels: int) -> None:
    claimed = size[0] * size[1]
    if claimed > megapixels * 1_000_000:
        raise UserError("picture_too_large", megapixels=-(-claimed // 1_000_000), limit=megapixels)


def _webp_size(data: bytes) -> tuple[int, int]:
    """Canvas (width, height) from the first chunk. Source: RFC 9649, sections 2.5 to 2.7."""
    chunk, head = data[12:16], data[20:30].ljust(10, b"\0")
    if chunk == b"VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", head[6:10])
    return width & 0x3FFF, height & 0x3FFF


def _essential_chunks(data: bytes) -> bytes:
    """The PNG without what its first picture does not need: compressed profiles and texts, which can
    unfold to gigabytes, and the frames of an animation. What is malformed stays, to be found later."""
    kept, at = [data[:8]], 8
    while at + 8 <= len(data):
        length, chunk = struct.unpack_from(">I4s", data, at)
        if chunk in (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"):
            kept.append(data[at:at + 12 + length])
        at += 12 + length
        if chunk == b"IEND":
            break
    return b"".join(kept)


def _refuse_scan_bomb(data: bytes) -> None:
    """A few bytes per scan can keep a decoder busy for minutes on a picture that claims to be vast."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    # In compressed data FF is followed by 00, so these pairs are markers; after EOI anything may follow.
    end = data.find(b"\xff\xd9", at)
    if data.count(b"\xff\xda", at, len(data) if end < 0 else end) > _MAX_SCANS:
        raise UserError("picture_corrupt")
