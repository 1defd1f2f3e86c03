"""Pictures that visitors should not send but do: a factory of odd, broken and hostile files.

Every function returns the bytes of a file. The good ones show `scene()`: four corners of known colour,
so that a test can see a wrong turn, a lost channel or a clipped sample.
"""

from __future__ import annotations

import base64
import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 160, 40), (40, 60, 210), (255, 255, 255)
CORNERS = (RED, GREEN, BLUE, WHITE)      # top left, top right, bottom left, bottom right


def scene(width: int = 96, height: int = 64) -> np.ndarray:
    """(height, width, 3) uint8: the four corners."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:height // 2, :width // 2], pixels[:height // 2, width // 2:] = RED, GREEN
    pixels[height // 2:, :width // 2], pixels[height // 2:, width // 2:] = BLUE, WHITE
    return pixels


def save(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def good(kind: str = "PNG", width: int = 96, height: int = 64) -> bytes:
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    return save(Image.fromarray(scene(width, height)), kind, **options)


def data_uri(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


# Odd but right.

def animated(kind: str = "GIF", frames: int = 3) -> bytes:
    """The scene first, then black."""
    rest = [Image.fromarray(np.full_like(scene(), i % 200)) for i in range(1, frames)]
    options = {"lossless": True} if kind == "WEBP" else {}
    return save(Image.fromarray(scene()), kind, save_all=True, append_images=rest, duration=40, **options)


def cmyk() -> bytes:
    return save(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=95, subsampling=0)


def grey16(kind: str = "PNG") -> bytes:
    """(64, 96) uint16: 0 at the left to 65,535 at the right; clipping would make nearly all white."""
    ramp = np.linspace(0, 65535, 96).round().astype(np.uint16)
    return save(Image.fromarray(np.tile(ramp, (64, 1))), kind)


def rgb16() -> bytes:
    """The scene with 16 bits a channel."""
    return png(scene().astype(np.uint16) * 257)


def float_tiff(high: float = 1.0) -> bytes:
    """(64, 96) float32: 0 at the left to `high` at the right."""
    ramp = np.linspace(0, high, 96, dtype=np.float32)
    return save(Image.fromarray(np.tile(ramp, (64, 1))), "TIFF")


def transparent(mode: str = "RGBA", kind: str = "PNG") -> bytes:
    """Red (grey, for LA) in the left half; the right half is black but wholly transparent."""
    layer = np.zeros((64, 96, 4), np.uint8)
    layer[:, :48] = (*RED, 255)
    picture = Image.fromarray(layer)
    if mode == "P":
        indices = Image.fromarray(np.where(layer[..., 3] > 0, 1, 0).astype(np.uint8), "L")
        picture = indices.convert("P")
        picture.putpalette([0, 0, 0, *RED])
        return save(picture, kind, transparency=0)
    return save(picture.convert(mode), kind)


def rotated(orientation: int, kind: str = "JPEG") -> bytes:
    """Stored turned, with the EXIF mark that says how: looked at properly, it is the scene."""
    turn = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}[orientation]
    stored = Image.fromarray(scene())
    stored = stored if turn is None else stored.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    return save(stored, kind, exif=exif, **options)


def with_profile(profile: bytes = b"not a profile at all") -> bytes:
    return save(Image.fromarray(scene()), "JPEG", quality=95, subsampling=0, icc_profile=profile)


def huge_png(side: int = 12_000, colour: tuple[int, int, int] = RED) -> bytes:
    """A real, square, one-coloured RGB picture; the same compressed row again and again, so that
    neither time nor memory is spent on making it."""
    row = b"\0" + bytes(colour) * side
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = packer.compress(row) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 1
    for _ in range(side):
        checksum = zlib.adler32(row, checksum)
    stream = b"\x78\x9c" + packed * side + b"\x03\0" + struct.pack(">I", checksum)
    return png_file(side, side, 8, 2, stream)


# Broken.

def truncated(kind: str = "PNG", part: float = 0.5) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    data = save(Image.fromarray(noise), kind)
    return data[:int(len(data) * part)]


def flipped(kind: str = "PNG") -> bytes:
    """One wrong byte in the middle of the compressed data."""
    data = bytearray(truncated(kind, 1.0))
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


# Hostile.

def bomb_header(kind: str = "PNG", side: int = 60_000) -> bytes:
    """A few bytes that claim `side` x `side` pixels (at most 16,383 for WebP)."""
    if kind == "PNG":
        return png_file(side, side, 8, 2, zlib.compress(b"\0" * 1000))
    data = bytearray(good(kind))
    if kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at:at + 4] = struct.pack(">HH", side, side)
    elif kind == "GIF":
        data[6:10] = struct.pack("<HH", side, side)
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", side, side)
    elif kind == "TIFF":
        for tag in (256, 257):
            at = data.index(struct.pack("<HHI", tag, 4, 1)) + 8
            data[at:at + 4] = struct.pack("<I", side)
    elif kind == "WEBP":
        at = data.index(b"VP8L") + 9
        bits = int.from_bytes(data[at:at + 4], "little") >> 28 << 28
        data[at:at + 4] = (bits | (side - 1) << 14 | (side - 1)).to_bytes(4, "little")
    return bytes(data)


def profile_bomb(megabytes: int = 64) -> bytes:
    """A good PNG whose colour profile and text unfold to many megabytes."""
    packed = zlib.compress(bytes(megabytes * 2**20), 9)
    extra = [(b"iCCP", b"x\0\0" + packed), (b"zTXt", b"Comment\0\0" + packed)]
    return png(scene(), extra)


def many_scans(scans: int = 500) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    data = save(Image.fromarray(scene()), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + b"\xff\xd9"


OTHER_FILES = {
    "text": b"just words, not a picture\n",
    "HTML": b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>",
    "SVG": b'<?xml version="1.0"?>\n<!-- drawn by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "SVG bare": b'\xef\xbb\xbf <!-- -->\n<!-- --><SVG viewBox="0 0 1 1"></SVG>',
    "comments": b"<!---->" * 2000,
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
    "ZIP": b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(40),
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "AVIF": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
    "noise": bytes(np.random.default_rng(1).integers(0, 256, 4096, np.uint8)),
}


# PNG, written by hand where Pillow would refuse to.

def png(pixels: np.ndarray, extra: list[tuple[bytes, bytes]] = ()) -> bytes:
    """`pixels`: (H, W, 3) uint8 or uint16. `extra`: chunks (type, body) put before the data."""
    height, width = pixels.shape[:2]
    big = pixels.astype(">u2") if pixels.dtype == np.uint16 else pixels
    rows = b"".join(b"\0" + big[y].tobytes() for y in range(height))
    return png_file(width, height, 8 * pixels.dtype.itemsize, 2, zlib.compress(rows), extra)


def png_file(width: int, height: int, depth: int, colour_type: int, stream: bytes,
             extra: list[tuple[bytes, bytes]] = ()) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", stream), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks)
