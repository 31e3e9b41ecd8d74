"""The city that is attacked: one running node of three departments, and one that is no party."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.common import founding
from tests.common.codes import department_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.crypto import SoftwareSigner
    from tests.common.moulds import Moulds
    from tests.common.nodes import NodeTown

OUTSIDER = department_code("outsider")


@dataclass
class City:
    """A town that serves, and the key of a department that has nothing to do with it."""

    town: NodeTown
    outsider: SoftwareSigner

    @property
    def authority(self) -> str:
        return self.town.url.removeprefix("http://")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, moulds: Moulds) -> Iterator[City]:
    """One city for all attacks of a file: none may leave it unable to serve the next."""
    with moulds.served(tmp_path_factory.mktemp("city")) as town:
        town.found(founding.department(OUTSIDER, "outsider"))
        outsider = town.keys.signer("outsider-node")
        yield City(town, outsider)
