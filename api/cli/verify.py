"""`shareledger verify`: check an evidence bundle with nothing but a trust file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import EXIT_UNPROVEN, say, t


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=t("证据包", "evidence bundle"))],
    trust: Annotated[
        Path, typer.Option("--trust", help=t("信任文件 trust.json", "the trust file"))
    ],
) -> None:
    """Check every step from the trusted head down to the call; prints one line a check."""
    from node.protocol.evidence import verify_evidence
    from node.protocol.evidence.bundle import MAX_BUNDLE_BYTES
    from node.protocol.wire.trustfile import MAX_TRUST_BYTES, parse_trust

    data, trusted = _read(file, MAX_BUNDLE_BYTES), _read(trust, MAX_TRUST_BYTES)
    evidence = verify_evidence(data, parse_trust(trusted))
    for check in evidence.checks:
        mark = "✓" if check.ok else "✗"
        say(f"{mark} {check.text}", f"{mark} {check.english}")
    verdict = "已证明" if evidence.verdict == "proven" else "无法确定：调用与锚定之间授权有变化"
    say(
        f"结论：{verdict}，事件 {evidence.event.hex()}",
        f"verdict: {evidence.verdict}, event {evidence.event.hex()}",
    )
    if evidence.verdict != "proven":
        raise typer.Exit(EXIT_UNPROVEN)  # a script must not take it for proof


def _read(path: Path, limit: int) -> bytes:
    """Read a file, and one byte beyond `limit` at most: whoever made it may mean harm."""
    from node.errors import MalformedEvidence

    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise MalformedEvidence(f"{path}: {error.strerror}") from error
