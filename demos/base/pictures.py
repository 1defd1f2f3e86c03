"""The one door through which a visitor's picture comes: bytes in, a small RGB picture out.

Everything a stranger can send is decided here, so that no demo has to: what is opened at all (six
formats, told by their first bytes and never by a file name), how large it may claim to be (read from
the header, before a single pixel is decoded), how many bits, channels and turns it has. The same
bytes always give the same pixels. Nothing global is changed, so visitors cannot disturb each other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from demos.base.errors import UserError
from demos.base.picture_formats import open_picture

LIMIT_MEGABYTES = 10          # of the file; 1 MB = 2^20 bytes here, as in Gradio's `max_file_size`
LONGEST_SIDE = 1024           # px of what leaves this module
_LARGE = 16_000_000           # px from which pictures are decoded one at a time, to bound memory
_BAND = 4_000_000             # px converted to RGB at a time
_ORIENTATION = 0x0112

# EXIF orientation -> what puts the picture upright (EXIF 2.3, section 4.6.4).
_UPRIGHT = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90}

_one_large_picture = threading.Lock()

# What Pillow's decoders raise on broken input (found by the fuzz test beside this module).
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError,
           AttributeError, AssertionError, RuntimeError, struct.error, zlib.error, Warning)

_DATA_URI = re.compile(r"data:[a-z0-9.+-]{0,64}(?:/[a-z0-9.+-]{0,128})?;base64,")


def decode_picture(data: bytes, side: int | None = None) -> Image.Image:
    """A visitor's file as an upright RGB picture, longest side at most 1,024 px.

    The first frame of an animation; transparency over white; 16-bit and float samples scaled to 8
    bits; colour profiles and all other metadata but the orientation dropped.

    Args:
        side: refuse pictures larger than so many pixels a side, before their pixels are read: for inputs
            that hold many pictures, which the page sends small.

    Raises:
        UserError: `picture_empty`, `picture_bytes`, `picture_not_a_picture`, `picture_format`,
            `picture_too_large`, `picture_corrupt`, `picture_memory`.
    """
    if not data:
        raise UserError("picture_empty")
    if len(data) > LIMIT_MEGABYTES * 2**20:
        raise _too_many_bytes(len(data))
    with _broken_means_corrupt():
        picture = open_picture(data)
        if side is not None and max(picture.size) > side:
            raise UserError("picture_too_large", megapixels=-(-picture.width * picture.height // 1_000_000),
                            limit=-(-side * side // 1_000_000))
        one_at_a_time = picture.width * picture.height > _LARGE
        with _one_large_picture if one_at_a_time else nullcontext():
            return _read(picture)


def picture_from_data_uri(uri: object, side: int | None = None) -> Image.Image:
    """The picture in a `data:image/png;base64,...` address as a browser writes it.

    The declared media type is not believed; the bytes decide. `side`: as of `decode_picture`.

    Raises:
        UserError: the address is not of that form (`picture_not_a_picture`), or as `decode_picture`.
    """
    if not isinstance(uri, str):
        raise UserError("picture_not_a_picture")
    if len(uri) > LIMIT_MEGABYTES * 2**20 * 4 // 3 + 256:
        raise _too_many_bytes(len(uri) * 3 // 4)
    if uri == "data:":        # how some browsers write an empty file
        raise UserError("picture_empty")
    head = _DATA_URI.match(uri)
    if head is None:
        raise UserError("picture_not_a_picture")
    try:
        data = base64.b64decode(uri[head.end():], validate=True)
    except (binascii.Error, ValueError):
        raise UserError("picture_corrupt") from None
    return decode_picture(data, side)


def data_uri(pixels: np.ndarray, *, exact: bool = True) -> str:
    """(H, W, 3), or (H, W) grey, uint8 pixels as an address that a browser shows, data:image/...;base64,...

    `exact`: as a PNG; else as a JPEG, for what is large or sent often.
    """
    stream = io.BytesIO()
    if exact:
        Image.fromarray(pixels).save(stream, "PNG", compress_level=3)
    else:      # whole colours: halving their resolution shows on a picture of 64 pixels
        Image.fromarray(pixels).save(stream, "JPEG", quality=90, subsampling=0)
    return f"data:image/{'png' if exact else 'jpeg'};base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"


def picture_digest(picture: Image.Image) -> str:
    """SHA-256 (hexadecimal) of mode, size and pixels: equal pictures, equal digests."""
    digest = hashlib.sha256(f"{picture.mode} {picture.width} {picture.height} ".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()


def _too_many_bytes(size: int) -> UserError:
    return UserError("picture_bytes", megabytes=-(-size // 2**20), limit=LIMIT_MEGABYTES)


@contextmanager
def _broken_means_corrupt() -> Iterator[None]:
    try:
        yield
    except Image.DecompressionBombError:
        # A GIF frame or TIFF tile that outgrows the size its own header gave.
        raise UserError("picture_corrupt") from None
    except MemoryError:
        raise UserError("picture_memory") from None
    except _BROKEN as error:
        raise UserError("picture_corrupt") from error


def _read(picture: ImageFile.ImageFile) -> Image.Image:
    """Decode, then shrink: by whole factors band by band, and to the final size at the end."""
    longest = max(picture.size)
    if isinstance(picture, JpegImageFile) and longest > 2 * LONGEST_SIDE:
        wanted = [max(1, side * 2 * LONGEST_SIDE // longest) for side in picture.size]
        picture.draft(None, tuple(wanted))
    picture.load()
    orientation = _orientation(picture)     # only now: a PNG decodes itself when asked for it
    small = _reduce(picture, max(1, max(picture.size) // (2 * LONGEST_SIDE)))
    longest = max(small.size)
    if longest > LONGEST_SIDE:
        width, height = (max(1, round(side * LONGEST_SIDE / longest)) for side in small.size)
        small = small.resize((width, height), Image.Resampling.LANCZOS)
    return small.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else small


def _orientation(picture: ImageFile.ImageFile) -> int:
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except _BROKEN:
        return 1              # broken metadata is no reason to refuse a good picture


def _reduce(picture: Image.Image, factor: int) -> Image.Image:
    """RGB, each side divided by `factor` (rounded up), holding only one band in RGB at full size."""
    width, height = picture.size
    span = _sample_span(picture)
    result = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    rows = max(1, _BAND // width // factor) * factor
    for top in range(0, height, rows):
        band = _to_rgb(picture.crop((0, top, width, min(height, top + rows))), span)
        result.paste(band.reduce(factor) if factor > 1 else band, (0, top // factor))
    return result


def _sample_span(picture: Image.Image) -> tuple[float, float]:
    """The sample values that become black and white, for modes of more than 8 bits.

    16-bit integers use their full range; floats 0 to 1. Where samples lie outside (height maps,
    medical pictures), their own least and greatest take over."""
    if picture.mode.startswith("I;16"):
        return 0.0, 65535.0
    if picture.mode not in ("I", "F"):
        return 0.0, 255.0
    low, high = picture.getextrema()
    usual = 1.0 if picture.mode == "F" else 65535.0
    if not (np.isfinite(low) and np.isfinite(high)) or (0 <= low and high <= usual):
        return 0.0, usual
    return float(low), float(max(high, low + 1e-6))


def _to_rgb(band: Image.Image, span: tuple[float, float]) -> Image.Image:
    if band.mode[0] in "IF":
        samples = np.asarray(band).astype(np.float32)
        grey = np.nan_to_num((samples - span[0]) * (255.0 / (span[1] - span[0])), posinf=255.0, neginf=0.0)
        if band.mode != "F" and isinstance(band.info.get("transparency"), int):
            grey[samples == band.info["transparency"]] = 255.0
        return Image.fromarray(np.clip(np.rint(grey), 0, 255).astype(np.uint8)).convert("RGB")
    if band.mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in band.info:
        layer = band.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    if band.mode == "LAB":
        raise UserError("picture_format", format="Lab")
    return band.convert("RGB")
