"""Several pictures from a visitor: what an address may say of them, and how they are read.

A tray's value, as the browser sends it: {"pictures": [{"source", "emoji"?, "data", "caption"?,
"group"?}], "groups"?}; `data` is a data URI, `group` an index into the names in `groups`. The address
holds its emoji, captions and group names, a line each, and never a picture:

    # cats             a group's name, where there are groups
    🐱 a cat at rest  an emoji, and its caption where there are captions
    +2                 how many pictures stay behind, being no emoji
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import UserError

if TYPE_CHECKING:
    from PIL import Image

MAX_CAPTION_CHARS = 200
MAX_GROUP_CHARS = 40
FEWEST_GROUPS = 2              # groups are there to be told apart
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class TrayPicture:
    """One picture of a tray.

    Attributes:
        picture: RGB, as `base.pictures` gives it.
        emoji: what it was drawn from, or "".
        caption: as typed, or "".
        group: index of its group, 0 where there are none.
    """

    picture: Image.Image
    emoji: str
    caption: str
    group: int


@dataclass(frozen=True)
class TrayLimits:
    """What a tray may hold; `groups` is the most groups, 0 where there are none."""

    pictures: int
    captions: bool = False
    groups: int = 0


def read_tray(value: object, limit: int) -> list[TrayPicture]:
    """The pictures of a tray's value.

    Raises:
        UserError: `tray_empty`, `tray_many`, or `tray_broken` with the `number` of a picture that
            cannot be read.
    """
    entries = value.get("pictures") if isinstance(value, dict) else None
    if not isinstance(entries, list) or not entries:
        raise UserError("tray_empty")
    if len(entries) > limit:
        raise UserError("tray_many", n=len(entries), limit=limit)
    groups = max(1, len(group_names(value)))
    return [_read_entry(entry, number, groups) for number, entry in enumerate(entries, 1)]


def pictures_from_tray(value: object, limit: int) -> list[Image.Image]:
    """The pictures alone. Raises as `read_tray`."""
    return [entry.picture for entry in read_tray(value, limit)]


def group_names(value: object) -> list[str]:
    """The names of a tray's groups, as typed; none where it has no groups."""
    names = value.get("groups") if isinstance(value, dict) else None
    return [str(name)[:MAX_GROUP_CHARS] for name in names] if isinstance(names, list) else []


def check_emoji(raw: str) -> str:
    """`raw` if it can be one emoji. Raises ValueError."""
    # Longest in use: a family of four, 7 code points; flags of regions have 7 too.
    if not raw or len(raw) > 16 or raw.isascii() or any(c.isspace() for c in raw):
        raise ValueError(f"emoji: {raw!r}")
    return raw


def tray_value(address: str, limits: TrayLimits) -> dict:
    """An address's lines as the value the browser draws from: emoji without their pictures.

    Raises:
        ValueError: a line is none of those above, or there are too many.
    """
    pictures: list[dict[str, object]] = []
    groups: list[str] = []
    left_behind = 0
    for line in address.split("\n") if address else []:
        if _CONTROL.search(line):
            raise ValueError(f"control character in {line!r}")
        if limits.groups and (line == "#" or line.startswith("# ")):
            groups.append(line[2:])
        elif re.fullmatch(r"\+[0-9]{1,3}", line):
            left_behind = int(line)
        else:
            pictures.append(_read_line(line, limits, len(groups)))
    fewest = FEWEST_GROUPS if limits.groups else 0
    names_fit = fewest <= len(groups) <= limits.groups and all(len(name) <= MAX_GROUP_CHARS for name in groups)
    if len(pictures) > limits.pictures or not names_fit or left_behind > limits.pictures:
        raise ValueError(f"{len(pictures)} pictures in {len(groups)} groups")
    return ({"pictures": pictures} | ({"groups": groups} if limits.groups else {})
            | ({"left_behind": left_behind} if left_behind else {}))


def tray_address(pictures: Sequence[tuple[str, str, int]], groups: Sequence[str] = ()) -> str:
    """The lines for (emoji, caption, group) each: what the browser writes for the same tray."""
    def lines(members: Sequence[tuple[str, str, int]]) -> list[str]:
        return [f"{emoji} {caption}".strip() for emoji, caption, _ in members]

    if not groups:
        return "\n".join(lines(pictures))
    return "\n".join(line for g, name in enumerate(groups)
                     for line in [f"# {name}".strip(), *lines([p for p in pictures if p[2] == g])])


def _read_line(line: str, limits: TrayLimits, groups: int) -> dict[str, object]:
    emoji, _, caption = line.partition(" ")
    if (caption and not limits.captions) or len(caption) > MAX_CAPTION_CHARS or (limits.groups and not groups):
        raise ValueError(f"tray: {line!r}")
    return ({"source": "emoji", "emoji": check_emoji(emoji)} | ({"caption": caption} if limits.captions else {})
            | ({"group": groups - 1} if limits.groups else {}))


def _read_entry(entry: object, number: int, groups: int) -> TrayPicture:
    from .pictures import LONGEST_SIDE, picture_from_data_uri

    if not isinstance(entry, dict):
        raise UserError("tray_broken", number=number)
    try:
        picture = picture_from_data_uri(entry.get("data"), LONGEST_SIDE)
    except UserError as reason:
        raise UserError("tray_broken", number=number) from reason
    emoji, caption, group = entry.get("emoji"), entry.get("caption"), entry.get("group")
    return TrayPicture(picture, _emoji_or_none(emoji), caption if isinstance(caption, str) else "",
                       group if isinstance(group, int) and 0 <= group < groups else 0)


def _emoji_or_none(emoji: object) -> str:
    try:
        return check_emoji(emoji) if isinstance(emoji, str) else ""
    except ValueError:
        return ""
