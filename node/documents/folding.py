"""One spelling for what is searched: full width, case and the two Chinese scripts folded.

Applied to every entry when it is indexed and to every query, so that either finds the other. A
text is folded character by character: what stands inside it folds alike wherever it is cut.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib.metadata import version
from operator import add
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME, ABSTRACT, OTHER = "\x81", "\x82", "\x83"
"""What the words of a name, a summary and all else begin with, so that they are words of their own
in the index. Control characters, as the next: in no word of a folded text."""
CALLED, FACET = "\x84", "\x86"
"""What the one word begins with that is the whole name, and what an entry is filtered by."""
EITHER, ANYWHERE = "\x88", "\x89"
"""What a word begins with, in PostgreSQL's index, that stands in name or summary, or anywhere."""
BEGUN = {NAME: "\x91", ABSTRACT: "\x92", OTHER: "\x93", EITHER: "\x98", ANYWHERE: "\x99"}
"""What a word begins with that stands for all which begin so, by what those begin with."""
BEGINNING = 8
"""Characters of the longest such beginning."""

_IDEOGRAPHS = tuple(
    (first, first + 0x1000)
    for first in (*range(0x3000, 0xA000, 0x1000), *range(0x20000, 0x33000, 0x1000))
)
"""Blocks the table of scripts covers; compatibility ideographs are gone after NFKC."""
_INSIDE_WORDS = str.maketrans("划账甦藉覆瞭份", "画帐苏借复了分")
"""Written two ways although both characters are in both scripts: 計畫 is 计划, 身分 is 身份.

OpenCC converts these by whole words, which would fold a text differently by where it is cut.
"""
_UNSPACED = (
    "\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
"""Scripts that part no words: ideographs, kana, bopomofo; hangul as well, which parts few."""
_RUNS = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")
_UNSPACED_RUN = re.compile(rf"[{_UNSPACED}]")


def fold(value: str) -> str:
    """Return `value` in NFKC without case, in simplified characters; folding again changes nothing.

    Source: Unicode Standard section 3.13, D146 (compatibility caseless matching); OpenCC's tables
    from Taiwan's characters to simplified ones, one character at a time.
    """
    # Twice: case folding can undo a composition, and composing can show a capital again.
    if value.isascii():
        return value.lower()
    for _ in range(2):
        value = unicodedata.normalize("NFKC", value).casefold()
    return unicodedata.normalize("NFKC", value).translate(_simplified())


def runs(value: str) -> list[str]:
    """Return the unbroken runs of a text, folded: Chinese, or letters and digits."""
    return _RUNS.findall(fold(value))


def is_unspaced(run: str) -> bool:
    """Tell whether a run is Chinese, or of another script that parts no words."""
    first = run[0]
    # Nearly all runs are Latin, or of the most common ideographs.
    return first >= "\u3005" and (
        "\u4e00" <= first <= "\u9fff" or _UNSPACED_RUN.match(run) is not None
    )


def pairs(run: str) -> list[str]:
    """Return the overlapping pairs of a Chinese run; another run, or a single character, itself."""
    if len(run) == 1 or not is_unspaced(run):
        return [run]
    return [run[start : start + 2] for start in range(len(run) - 1)]


def words(run: str) -> list[str]:
    """Return a run as it is indexed: its pairs, and the last character once more by itself.

    So every character of a text begins a word, and is found alone.
    """
    if len(run) == 1 or not is_unspaced(run):
        return [run]
    return [*map(add, run, run[1:]), run[-1]]


def indexed(found: Sequence[str], mark: str) -> str:
    """Return runs as the words of the full-text index, parted by spaces."""
    several = [word for run in found for word in words(run)]
    return mark + f" {mark}".join(several) if several else ""


def called(found: Sequence[str]) -> str:
    """Return the one word that is a whole name, or a query that is one."""
    return "".join([CALLED + run for run in found])


def beginnings(found: Sequence[str], mark: str) -> set[str]:
    """Return the words that stand for all words which begin so, of two characters or more.

    Instead of FTS5's `prefix` for each length: few words are long enough, and of some lengths all.
    """
    begun = BEGUN[mark]
    return {
        begun + run[:length]
        for run in found
        if len(run) > 1 and not is_unspaced(run)
        for length in range(2, min(len(run), BEGINNING) + 1)
    }


def marked(value: str, wanted: Sequence[str]) -> list[tuple[str, bool]]:
    """Part a text where folded runs `wanted` stand in it; True: this part is one of them.

    A run that does not stand in it as a whole is looked for by its pairs.
    """
    folded = [_fold_one(character) for character in value]
    starts, end = [], 0
    for each in folded:
        starts.append(end)
        end += len(each)
    text, found = "".join(folded), [False] * end
    for run in wanted:
        for word in [run] if run in text else pairs(run):
            at = text.find(word)
            while at >= 0:
                found[at : at + len(word)] = [True] * len(word)
                at = text.find(word, at + 1)
    parts: list[tuple[str, bool]] = []
    for character, start, each in zip(value, starts, folded, strict=True):
        is_wanted = any(found[start : start + len(each)])
        if parts and parts[-1][1] is is_wanted:
            parts[-1] = (parts[-1][0] + character, is_wanted)
        else:
            parts.append((character, is_wanted))
    return parts


def spelling() -> str:
    """Return what folding depends on beside this module: another value can fold differently."""
    return f"Unicode {unicodedata.unidata_version}, OpenCC {version('OpenCC')}"


@lru_cache(maxsize=16_384)
def _fold_one(character: str) -> str:
    return fold(character)


@cache
def _simplified() -> dict[int, str]:
    """Return each character's folded form, where it differs.

    The library is asked once, a line a character, and dropped: 0.1 s and 10 MiB of its tables.
    """
    from opencc import OpenCC

    converter = OpenCC("tw2s")
    table: dict[str, str] = {}
    for first, end in _IDEOGRAPHS:
        every = [chr(code) for code in range(first, end)]
        simple = converter.convert("\n".join(every)).translate(_INSIDE_WORDS).split("\n")
        table |= {one: new for one, new in zip(every, simple, strict=True) if new != one}
    # What one character becomes may be another's old form (麼 么 幺): followed, but not in circles.
    for _ in range(3):
        table |= {one: table[other] for one, other in table.items() if other in table}
    return {ord(one): other for one, other in table.items()}
