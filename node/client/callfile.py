"""`call.json`: what an application is given to call with, the same file for every client.

The address of the provider's node, that of one's own, which is believed, the key files, and what is
asked. Paths in it are relative to it. `shareledger demo --keep` leaves one.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from ..crypto import SoftwareSigner, SoftwareUnwrapper, run_self_test
from ..crypto.passwords import read_password
from ..errors import ConfigInvalid, reason
from ..protocol.forms.misfits import invalid_setting
from .calls import LedgerClient, Query
from .http import SignedHttp
from .receiptfolder import ReceiptFolder
from .trust import NodeTrust

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

LARGEST_BYTES = 65_536


class CallFile(BaseModel):
    """What `call.json` says."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, extra="forbid", frozen=True, strict=True
    )

    provider: str
    """Base URL of the node that is called."""
    own: str
    """Base URL of the node of one's own department: what it says is believed."""
    key: str
    """File of the key that signs."""
    opening_key: str
    """File of the key that answers are sealed to."""
    password_file: str
    """File with the password of both."""
    authorisation: int
    purpose: str
    items: list[str]
    where: dict[str, dict[str, Any]] = {}
    operator: str
    matter: str
    receipts: str
    """Folder that receipts are kept in."""

    @property
    def question(self) -> Query:
        """What `LedgerClient.query` is asked besides the authorisation."""
        return {
            "purpose": self.purpose,
            "items": self.items,
            "where": self.where,
            "operator": self.operator,
            "matter": self.matter,
        }


def load_call(path: Path) -> CallFile:
    """Read a `call.json`; its paths come back as they are found from here.

    Raises:
        ConfigInvalid: it is not there, or not of this form; names the members that are wrong.
    """
    try:
        with path.open("rb") as file:
            said = CallFile.model_validate_json(file.read(LARGEST_BYTES + 1))
    except OSError as error:
        raise ConfigInvalid(f"{path} 读不出：{reason(error)} / cannot be read") from error
    except ValidationError as error:
        wrong = "；".join(map(invalid_setting, error.errors(include_url=False)))
        raise ConfigInvalid(f"{path} 不合规定：{wrong} / is not as it must be") from error
    paths = ("key", "opening_key", "password_file", "receipts")
    found = {name: str(path.parent / getattr(said, name)) for name in paths}
    return said.model_copy(update=found)


@contextmanager
def open_client(
    path: Path | str, *, transport: httpx.BaseTransport | None = None
) -> Iterator[tuple[LedgerClient, CallFile]]:
    """Return the client that a `call.json` describes, and what it says; closed at the end.

    The ciphers are tried with the standards' vectors first.

    Raises:
        SelfTestFailed: a cipher of this machine gives another answer than its standard.
        ConfigInvalid: the file or its password file is not as it must be.
        MalformedKey: a key file is none, or of another password.
    """
    run_self_test()
    said = load_call(Path(path))
    password = read_password(Path(said.password_file))
    signer = SoftwareSigner.load(Path(said.key), password)
    unwrapper = SoftwareUnwrapper.load(Path(said.opening_key), password)
    with SignedHttp(signer, transport=transport) as http:
        trust = NodeTrust(http, said.own)
        receipts = ReceiptFolder(Path(said.receipts))
        with LedgerClient(
            said.provider, signer, unwrapper, trust, receipts=receipts, transport=transport
        ) as client:
            yield client, said
