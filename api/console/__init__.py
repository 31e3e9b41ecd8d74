"""What people see of a node in a browser: pages, one folder a person's work.

- `frames`: seats, their navigation, crumbs; `wording`: two languages, dates, numbers
- `pages`: a template and its values to an answer; `bundled`: scripts, styles, fonts
- `mishaps`: errors as pages; `layout/`: the templates that all pages stand in
- `signin/`, `evidence/`: an officer's key opened in the browser; bundles verified there
- `public/`: the seat that needs no sign-in: catalogue, departments, decisions
- `audit/`, `operation/`: the auditor's and the operator's seats
- `workbook`: a list as an Excel file
- `desk/`, `review/`: the officers' seats
- `board/`: a page for the wall, moving as calls pass

A view calls `node.office` and the read model and holds no business rule; its template lies beside
it. Pages load nothing from anywhere else and run no script but the node's own files (CSP).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from ..settings import ConsoleSettings


def install(app: FastAPI, settings: ConsoleSettings) -> None:
    """Add the pages to a node's application, if they are wanted."""
    if not settings.on:
        return
    # Only a node that shows pages pays for importing them.
    from fastapi import Depends

    from ..http.officers import find_officer
    from . import audit, board, bundled, desk, evidence, mishaps, operation, public, review, signin

    app.include_router(bundled.router)
    # Whoever has signed in is known on public pages, too: the bar above shows it.
    for seat in (public, signin, evidence, desk, review, audit, operation, board):
        app.include_router(seat.router, dependencies=[Depends(find_officer)])
    mishaps.install(app)
