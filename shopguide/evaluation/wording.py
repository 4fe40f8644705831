"""Lists behind `shopguide.evaluation.noise`: neighbouring keys, words that sound alike, words nobody misses, "um"."""

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours() -> dict[str, str]:
    """Return, for each letter, those whose keys touch its key on an English keyboard."""
    place = {letter: (row, column) for row, letters in enumerate(_ROWS) for column, letter in enumerate(letters)}
    return {
        letter: "".join(
            other
            for other, (other_row, other_column) in place.items()
            if other != letter
            # Each row is set half a key to the right of the one above.
            and ((other_row == row and abs(other_column - column) == 1) or _touch(row, column, other_row, other_column))
        )
        for letter, (row, column) in place.items()
    }


def _touch(row: int, column: int, other_row: int, other_column: int) -> bool:
    if other_row == row + 1:
        return other_column in (column - 1, column)
    return other_row == row - 1 and other_column in (column, column + 1)


KEYBOARD = _neighbours()

_SOUND_ALIKE = """
their there they're | your you're | its it's | for four | to too two | by buy bye | here hear | new knew | one won
would wood | which witch | some sum | see sea | wait weight | waist waste | right write | wear where | our hour
be bee | meet meat | than then | made maid | need knead | week weak | whole hole | great grate | fair fare | way weigh
so sew | through threw | pair pear | piece peace | sale sail | sell cell | size sighs | plain plane | price prize
higher hire | cheap cheep | eight ate | red read | blue blew | rain reign | heel heal | steel steal | flower flour
whether weather | mail male | roll role | past passed | course coarse | allowed aloud | board bored | sort sought
"""
"""Written by hand. "No" and "know" are left out: that slip turns the meaning round."""

_GROUPS = [group.split() for line in _SOUND_ALIKE.strip().splitlines() for group in line.split("|")]

HOMOPHONES = {word: tuple(other for other in group if other != word) for group in _GROUPS for word in group}

_LIGHT = """
a an the i i'm i'd i'll i've me my we we're you your it it's they them this that is are am was be been do does did can
could would will should have has had please just really so well to of some there
"""

LIGHT_WORDS = frozenset(_LIGHT.split())
"""Words that a message keeps its meaning without; no negation, no bound ("under"), no joining word ("or")."""

FILLERS = ("um", "uh", "er", "erm", "hmm", "you know", "i mean", "well", "so")
