"""How digits are written by hand: several forms of each, drawn by us for this project.

A form is its strokes, parted by "/"; a stroke is the points a pen passes through, "across,down" in hundredths of the
digit's box. A point said twice is a corner; between others the pen goes smoothly.
"""

from __future__ import annotations

FORMS: tuple[tuple[str, ...], ...] = (
    (   # 0: an oval; narrow, its ends crossing; begun at the right
        "52,2 25,15 14,50 26,86 52,98 78,84 86,50 76,16 52,2",
        "62,6 40,3 23,30 20,68 36,97 60,92 76,62 74,24 54,3 40,10",
        "66,13 42,3 15,32 14,70 42,97 76,84 88,46 70,9 52,4"),
    (   # 1: a stroke; with a flag; with flag and foot; bent a little
        "50,0 50,100",
        "28,26 54,0 54,0 54,100",
        "28,26 54,0 54,0 54,100/26,100 82,100",
        "57,0 52,50 45,100"),
    (   # 2: round above a straight foot; with a loop; angular with a waving foot
        "16,22 34,4 64,4 78,26 64,54 36,78 14,98 14,98 86,98",
        "18,24 36,4 64,6 76,28 60,58 30,90 14,90 18,78 36,80 60,94 90,91",
        "14,16 46,2 78,18 70,46 12,96 12,96 50,89 90,96"),
    (   # 3: two bowls with a corner; a flat top; one smooth line
        "18,12 46,1 76,16 68,38 42,47 42,47 76,56 82,80 52,99 14,88",
        "16,4 80,4 80,4 44,42 44,42 80,56 82,82 50,99 14,88",
        "22,12 52,1 74,20 58,42 36,48 64,54 80,76 56,98 18,90"),
    (   # 4: open; closed; open and round
        "26,2 16,58 16,58 88,58/70,14 66,100",
        "62,2 10,66 10,66 92,66/62,2 62,100",
        "24,4 18,38 32,54 56,54 73,44/78,4 70,100"),
    (   # 5: the bar last; in one stroke; without corners
        "28,4 24,44 24,44 52,36 82,56 78,86 48,99 14,90/28,4 84,4",
        "84,4 30,4 30,4 24,42 24,42 56,38 82,60 72,90 40,99 12,88",
        "82,4 46,6 28,30 50,44 76,60 70,90 40,98 14,90"),
    (   # 6: bent; steep; wide
        "70,2 36,24 16,62 28,94 58,98 80,78 68,54 40,54 20,74",
        "60,0 30,44 18,74 36,98 66,94 76,70 54,54 24,68",
        "78,10 50,2 22,34 16,72 40,99 74,90 80,64 54,50 22,66"),
    (   # 7: plain; with a bar; with a serif and a bend
        "14,4 84,4 84,4 40,100",
        "14,6 84,6 84,6 38,100/28,52 76,52",
        "14,22 16,6 16,6 50,8 86,4 86,4 60,46 46,100"),
    (   # 8: in one stroke; two rings; slanting
        "76,16 50,1 24,18 44,44 72,64 74,88 48,99 24,86 30,62 56,44 76,16",
        "50,2 26,22 50,46 74,22 50,2/50,46 18,72 50,99 82,72 50,46",
        "72,10 48,1 32,20 50,46 62,72 42,98 20,82 36,58 66,34 72,10"),
    (   # 9: a straight stem; a bent tail; a stem that leans
        "76,18 48,4 22,24 34,50 62,46 76,18 76,18 72,100",
        "76,22 52,3 24,20 28,46 54,50 76,22 76,22 80,60 62,94 28,92",
        "74,28 58,5 28,12 22,38 46,52 74,28 74,28 66,62 50,100"),
)


def strokes_of(form: str) -> list[list[tuple[float, float]]]:
    """Points (across, down) in [0, 1] of each stroke of a form."""
    return [[tuple(float(number) / 100 for number in point.split(",")) for point in stroke.split()]
            for stroke in form.split("/")]
