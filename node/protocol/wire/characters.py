"""Characters that nobody sees, and that make one text look like another.

Refused in what is signed (`node.protocol.forms`), escaped wherever text that somebody else wrote
is shown. The table is fixed here and not taken from Python's Unicode: nodes of different versions
must judge a document alike. Variation selectors choose between forms of one character (rare names,
Mongolian) and stay.
"""

from __future__ import annotations

import re

_HIDDEN = (
    "\x00-\x1f\x7f-\x9f"  # control
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f"  # format
    "\u2028\u2029"  # line and paragraph separators
    "\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # fillers: drawn as nothing
    "\ud800-\udfff"  # halves of pairs, which no output can encode
)
_ANY = re.compile(f"[{_HIDDEN}]")
_BUT_LINES = re.compile("[{}]".format(_HIDDEN.replace("\x00-\x1f", "\x00-\t\x0b-\x1f")))
_SEEN = re.compile("[ -~\u3000-\u3163\u3400-\u9fff\uff01-\uff9f]*")
"""What nearly all texts are made of whole, none of it hidden; told five times as fast."""


def find_hidden(text: str, *, lines: bool = False) -> str | None:
    """Return the first character that must not stand in a text; `lines` lets LF stand."""
    if _SEEN.fullmatch(text):
        return None
    found = (_BUT_LINES if lines else _ANY).search(text)
    return found and found.group()


_CALLED = {
    "\0": "空字符 NUL",
    "\t": "制表符",
    "\n": "换行",
    "\r": "回车",
    "\x7f": "删除符",
    "\u00ad": "软连字符",
    "\u034f": "组合连接符",
    "\u115f": "谚文填充符",
    "\u1160": "谚文填充符",
    "\u2028": "行分隔符",
    "\u2029": "段分隔符",
    "\u200b": "零宽空格",
    "\u200c": "零宽不连字",
    "\u200d": "零宽连字",
    "\u200e": "从左到右标记",
    "\u200f": "从右到左标记",
    "\u202a": "方向控制符",
    "\u202b": "方向控制符",
    "\u202c": "方向控制符",
    "\u202d": "方向控制符",
    "\u202e": "方向控制符",
    "\u2060": "连字符号（零宽）",
    "\u2800": "空白盲文",
    "\u3164": "谚文填充符",
    "\uffa0": "谚文填充符",
    "\ufeff": "字节顺序标记 BOM",
}


def called(character: str) -> str:
    """Return what people may look a hidden character up by, `零宽空格（U+200B）` for one."""
    name = _CALLED.get(character, "控制符" if character < "\xa0" else "看不见的符号")
    return f"{name}（U+{ord(character):04X}）"


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return a text with every hidden character as its JSON escape, `\u202e` for one.

    What was JSON stays the same JSON; `lines` leaves LF as it is.
    """
    if _SEEN.fullmatch(text):
        return text
    return (_BUT_LINES if lines else _ANY).sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
