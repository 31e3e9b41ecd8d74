"""Patterns of a mapping file: simple ones for whoever fills it in, regular expressions for others.

A simple pattern describes a whole cell: text as it stands, `{4}` for exactly four characters,
`{2-6}` for two to six, `{*}` for one or more, all of which are kept, and `{_}` for anything, also
nothing, which is not. `{4}-{*}` keeps `3030` and `06001` of `3030-06001`.
"""

from __future__ import annotations

import re

_HOLE = re.compile(r"\{([^{}]*)\}")
_LENGTH = re.compile(r"([1-9][0-9]{0,2})(?:-([1-9][0-9]{0,2}))?", re.ASCII)
_ERRORS = (
    ("missing ), unterminated subpattern", "有一个 ( 没有配对的 )"),
    ("unbalanced parenthesis", "多了一个 )"),
    ("unterminated character set", "有一个 [ 没有配对的 ]"),
    ("nothing to repeat", "*、+、? 或 {} 前面没有可重复的内容"),
    ("multiple repeat", "两个重复符号连在一起"),
    ("bad character range", "方括号里的范围前后颠倒"),
    ("min repeat greater than max repeat", "花括号里的次数前大后小"),
    ("bad escape", "反斜杠后面不能是这个字符"),
    ("redefinition of group name", "两个括号用了同一个名字"),
    ("unknown group name", "引用了没有的名字"),
    ("missing >, unterminated name", "(?P< 后面缺少 >"),
    ("bad character in group name", "括号的名字只能用汉字、字母、数字和下划线，不能以数字开头"),
    ("missing group name", "(?P<> 里没有写名字"),
    ("unknown extension", "(? 后面的写法不认识；给括号取名写 (?P<名字>…)"),
)
"""What Python says of a regular expression, and what that means."""


def compile_regex(pattern: str, *, keeps: bool = False) -> re.Pattern[str]:
    """Compile a regular expression; `keeps`: it must have a group that says what is kept.

    Raises:
        ValueError: it is none, said in Chinese.
    """
    try:
        found = re.compile(pattern)
    except re.error as error:
        said = next((chinese for begin, chinese in _ERRORS if error.msg.startswith(begin)), "")
        place = "" if error.pos is None else f"第 {error.pos + 1} 个字符处"
        raise ValueError(f"不是正则表达式：{place}{said or error.msg}") from error
    if keeps and not found.groups:
        raise ValueError("没有用圆括号标出要留下的部分，例如 '^([0-9]+)-'")
    return found


def compile_simple(pattern: str) -> re.Pattern[str]:
    """Compile a simple pattern; what it keeps are the groups, in order.

    Raises:
        ValueError: it is none, said in Chinese.
    """
    if re.search("[{}]", _HOLE.sub("", pattern)):
        raise ValueError("花括号没有配对；{4}、{2-6}、{*}、{_} 以外不能有花括号")
    # Text and holes by turns.
    pieces = [
        _piece(piece, number) if number % 2 else re.escape(piece)
        for number, piece in enumerate(_HOLE.split(pattern))
    ]
    if not any(piece.startswith("(") for piece in pieces):
        raise ValueError("没有写要留下的部分：用 {4}（四个字）、{2-6} 或 {*} 标出")
    return re.compile("".join(pieces), re.DOTALL)


def _piece(hole: str, number: int) -> str:
    if hole == "*":
        return f"(?P<kept{number}>.+?)"
    if hole == "_":
        return ".*?"
    length = _LENGTH.fullmatch(hole)
    if length is None or (length[2] and int(length[1]) > int(length[2])):
        raise ValueError(f"{{{hole}}} 不认识；可写 {{4}}、{{2-6}}、{{*}}（留下）或 {{_}}（略去）")
    return f"(?P<kept{number}>.{{{length[1]},{length[2] or length[1]}}})"


def kept(found: re.Match[str], join: str) -> str:
    """Return what a pattern keeps of a cell: its named groups joined, or else the first group."""
    named = found.groupdict(default="")
    pieces = named.values() if named else (found.group(1) or "",)
    return join.join(piece.strip() for piece in pieces)
