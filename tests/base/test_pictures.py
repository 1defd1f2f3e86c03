"""Whatever file a visitor sends becomes a small RGB picture or a refusal in words, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demos.base import pictures as door
from demos.base.errors import UserError
from demos.base.pictures import decode_picture, picture_digest, picture_from_data_uri
from demos.base.text import LANGUAGES
from tests import pictures

KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")


def corners(picture: Image.Image) -> np.ndarray:
    """(4, 3): the colours a little inside the four corners."""
    pixels = np.asarray(picture).astype(int)
    y, x = pixels.shape[0] // 8, pixels.shape[1] // 8
    return np.array([pixels[y, x], pixels[y, -1 - x], pixels[-1 - y, x], pixels[-1 - y, -1 - x]])


def is_scene(picture: Image.Image, tolerance: int = 6) -> bool:
    return picture.mode == "RGB" and abs(corners(picture) - pictures.CORNERS).max() <= tolerance


def refusal(data: bytes) -> UserError:
    with pytest.raises(UserError) as caught:
        decode_picture(data)
    for language in LANGUAGES:           # and it can be said
        path = Path(door.__file__).parent / "text" / f"errors.{language}.toml"
        words = tomllib.loads(path.read_text(encoding="utf-8"))["error"][caught.value.key]
        said = words.format(**caught.value.values)
        assert all(str(value) in said for value in caught.value.values.values())
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
def test_each_format_opens(kind: str) -> None:
    picture = decode_picture(pictures.good(kind))
    assert picture.size == (96, 64) and is_scene(picture)
    assert type(picture) is Image.Image and not picture.info


def test_name_and_media_type_are_not_believed() -> None:
    assert is_scene(picture_from_data_uri(pictures.data_uri(pictures.good("PNG"), "image/jpeg")))
    assert is_scene(picture_from_data_uri(pictures.data_uri(pictures.good("JPEG"), "text/plain")))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_animation_gives_its_first_frame(kind: str) -> None:
    assert is_scene(decode_picture(pictures.animated(kind)))


def test_many_frames_cost_no_more_than_one() -> None:
    assert is_scene(decode_picture(pictures.animated("GIF", frames=300)))


def test_cmyk() -> None:
    assert is_scene(decode_picture(pictures.cmyk()))


@pytest.mark.parametrize("data", [pictures.grey16("PNG"), pictures.grey16("TIFF"), pictures.float_tiff(1.0),
                                  pictures.float_tiff(900.0)], ids=["png", "tiff", "float", "heights"])
def test_deep_samples_are_scaled_not_clipped(data: bytes) -> None:
    row = np.asarray(decode_picture(data))[0, :, 0].astype(int)
    assert (row[0], row[-1]) == (0, 255) and abs(row[48] - 129) <= 1 and len(set(row)) == 96


def test_16_bit_colour() -> None:
    assert is_scene(decode_picture(pictures.rgb16()), tolerance=1)


@pytest.mark.parametrize(("mode", "kind"), [("RGBA", "PNG"), ("RGBA", "WEBP"), ("P", "PNG"), ("P", "GIF"),
                                            ("LA", "PNG"), ("RGBA", "TIFF")])
def test_transparency_lies_on_white(mode: str, kind: str) -> None:
    pixels = np.asarray(decode_picture(pictures.transparent(mode, kind))).astype(int)
    left = (87, 87, 87) if mode == "LA" else pictures.RED
    assert abs(pixels[32, 10] - left).max() <= 6
    assert (pixels[32, 90] == 255).all()


def test_half_transparent_is_mixed_with_white() -> None:
    layer = np.zeros((8, 8, 4), np.uint8)
    layer[..., 3] = 128
    pixels = np.asarray(decode_picture(pictures.save(Image.fromarray(layer), "PNG")))
    assert abs(pixels.astype(int) - 127).max() <= 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turn_is_applied(orientation: int, kind: str) -> None:
    picture = decode_picture(pictures.rotated(orientation, kind))
    assert picture.size == (96, 64) and is_scene(picture, tolerance=12)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_nonsense_orientation_and_profile_are_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    assert is_scene(decode_picture(pictures.save(Image.fromarray(pictures.scene()), "PNG", exif=exif)))
    broken = pictures.png(pictures.scene(), [(b"eXIf", b"II*\0\xff\xff\xff\x7f" + b"\xff" * 40)])
    assert is_scene(decode_picture(broken))
    assert is_scene(decode_picture(pictures.with_profile()))
    assert is_scene(decode_picture(pictures.with_profile(bytes(300_000))))


@pytest.mark.parametrize("size", [(1, 1), (1, 10_000), (10_000, 1), (3, 1025), (1024, 1024)])
@pytest.mark.parametrize("kind", KINDS)
def test_extreme_sizes(size: tuple[int, int], kind: str) -> None:
    picture = decode_picture(pictures.save(Image.new("RGB", size, pictures.RED), kind))
    assert max(picture.size) == min(1024, max(size)) and min(picture.size) >= 1
    assert abs(np.asarray(picture).astype(int) - pictures.RED).max() <= 3


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_large_pictures_shrink_and_keep_their_places(kind: str) -> None:
    picture = decode_picture(pictures.good(kind, width=5000, height=3500))
    assert picture.size == (1024, 717) and is_scene(picture)


def test_bands_leave_no_seam() -> None:
    """A ramp converted in many bands equals the same ramp converted at once."""
    ramp = np.tile(np.linspace(0, 255, 5000).astype(np.uint8)[:, None], (1, 3000))
    data = pictures.save(Image.fromarray(ramp), "PNG")
    once = Image.fromarray(ramp).convert("RGB").reduce(2)
    whole = np.asarray(once.resize((614, 1024), Image.Resampling.LANCZOS))
    assert (np.asarray(decode_picture(data)) == whole).all()


def test_12000_px_stays_within_memory() -> None:
    """In a process of its own, whose peak is then known: 432 MB of pixels, 576 as Pillow holds them."""
    # VmHWM, not ru_maxrss: a child's ru_maxrss begins at its parent's.
    code = ("import pathlib, re; from tests import pictures; from demos.base.pictures import decode_picture\n"
            "p = decode_picture(pictures.huge_png())\n"
            "assert p.size == (1024, 1024) and p.getpixel((512, 512)) == pictures.RED\n"
            "print(int(re.search(r'VmHWM:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1]) // 1024)")
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True,
                          cwd=Path(__file__).parents[2], check=True)
    assert int(done.stdout) < 800 and not done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_bomb_is_refused_by_its_header(kind: str) -> None:
    side = 16_000 if kind == "WEBP" else 60_000
    error = refusal(pictures.bomb_header(kind, side))
    assert error.key == "picture_too_large"
    assert error.values["megapixels"] == side * side // 10**6 > error.values["limit"]


def test_compressed_metadata_is_never_unfolded() -> None:
    assert is_scene(decode_picture(pictures.profile_bomb()))


def test_endless_scans_are_refused() -> None:
    assert refusal(pictures.many_scans()).key == "picture_corrupt"
    progressive = pictures.save(Image.fromarray(pictures.scene()), "JPEG", quality=95, progressive=True)
    assert is_scene(decode_picture(progressive + b"\xff\xda" * 500), tolerance=12)   # a phone's appended film


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.9])
def test_truncated_and_corrupt(kind: str, part: float) -> None:
    assert refusal(pictures.truncated(kind, part)).key in ("picture_corrupt", "picture_not_a_picture")
    assert refusal(pictures.flipped("PNG")).key == "picture_corrupt"


@pytest.mark.parametrize("name", sorted(pictures.OTHER_FILES))
def test_other_files_are_named(name: str) -> None:
    error = refusal(pictures.OTHER_FILES[name])
    if name in ("text", "noise", "comments"):
        assert error.key == "picture_not_a_picture"
    else:
        assert (error.key, error.values) == ("picture_format", {"format": name.split()[0]})


def test_empty_and_too_many_bytes() -> None:
    assert refusal(b"").key == "picture_empty"
    error = refusal(pictures.good() + bytes(10 * 2**20))
    assert error.key == "picture_bytes" and error.values == {"megabytes": 11, "limit": 10}


@pytest.mark.parametrize(("uri", "key"), [
    (None, "picture_not_a_picture"), (7, "picture_not_a_picture"), ("", "picture_not_a_picture"),
    ("data:", "picture_empty"), ("data:text/plain;base64,", "picture_empty"),
    ("data:image/png;base64,@@@@", "picture_corrupt"), ("data:image/png;base64,AAA", "picture_corrupt"),
    ("data:image/png,hello", "picture_not_a_picture"), ("javascript:alert(1)", "picture_not_a_picture"),
    ("file:///etc/passwd", "picture_not_a_picture"), ("https://example.org/a.png", "picture_not_a_picture"),
    ("data:" + "a" * 100_000 + "/png;base64,AAAA", "picture_not_a_picture"),
    ("data:image/png;base64,\ud800", "picture_corrupt"), (" data:image/png;base64,AA==", "picture_not_a_picture"),
    ("data:image/png;base64," + "A" * (15 * 2**20), "picture_bytes"),
])
def test_hostile_data_uris(uri: object, key: str) -> None:
    with pytest.raises(UserError) as caught:
        picture_from_data_uri(uri)
    assert caught.value.key == key


@pytest.mark.filterwarnings("ignore::UserWarning")      # Pillow's, about broken TIFF tags
def test_any_damage_is_a_refusal_or_a_picture() -> None:
    """Random bytes overwritten, files cut and joined: never another kind of exception."""
    chance = np.random.default_rng(2)
    seeds = [pictures.good(kind, 40, 30) for kind in KINDS]
    seeds += [pictures.transparent("P", "GIF"), pictures.rotated(6), pictures.animated("WEBP"), pictures.grey16("TIFF")]
    refused = 0
    for turn in range(1500):
        data = bytearray(seeds[turn % len(seeds)])
        reach = min(len(data), 400) if turn % 3 else len(data)       # headers twice as often
        for at in chance.integers(0, reach, chance.integers(1, 6)):
            data[at] = chance.integers(0, 256)
        try:
            assert max(decode_picture(bytes(data)).size) <= 1024
        except UserError:
            refused += 1
    assert 300 < refused < 1400


def test_same_bytes_same_pixels_in_many_threads() -> None:
    data = [pictures.good("JPEG", 900, 700), pictures.transparent("P", "GIF"), pictures.good("JPEG", 5200, 4000)]
    expected = [picture_digest(decode_picture(d)) for d in data]
    seen: list[list[str]] = []

    def visit() -> None:
        seen.append([picture_digest(decode_picture(d)) for d in data])

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [expected] * 4


def test_a_failure_leaves_the_lock_free() -> None:
    refusal(pictures.png_file(6000, 6000, 8, 2, b"broken"))
    assert not door._one_large_picture.locked()


def test_digest_tells_pictures_apart() -> None:
    flat = Image.new("RGB", (2, 8))
    assert picture_digest(flat) == picture_digest(flat.copy())
    assert picture_digest(flat) != picture_digest(Image.new("RGB", (8, 2)))
    assert picture_digest(flat) != picture_digest(Image.new("RGB", (2, 8), (0, 0, 1)))
