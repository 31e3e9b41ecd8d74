"""Unified social credit codes that GB 32100 accepts, for departments that do not exist."""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(body: str) -> str:
    """Return the code whose first 17 characters are `body`, with its check character."""
    total = sum(ALPHABET.index(each) * pow(3, place, 31) for place, each in enumerate(body))
    return body + ALPHABET[-total % 31]


def department_code(number: int) -> str:
    """Return the code of the department with this number: a government office in 沧州."""
    return credit_code(f"11130900{number:09d}")
