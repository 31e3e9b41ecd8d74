"""The city: its folder, its settings files, the chain and the three nodes.

Everything lives in the demo's folder; every node has its own databases under it. Ports that are
taken are passed over for the next free ones.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from api.city.processes import Child
from api.cli.console import t
from node.chain.deployment import deploy
from node.chain.gateway import Gateway
from node.chain.relay import RelayAccount

from .claims import Ports
from .entries import LATEST

if TYPE_CHECKING:
    from pathlib import Path

    from .cast import Cast, Player
    from .claims import DemoFolder

CHAIN_ID = 20_260_101
CHAIN_PORT = 8545
FIRST_NODE_PORT = 8601
ANCHOR_SECONDS = 3.0


class City:
    """One machine's worth of departments."""

    def __init__(self, home: DemoFolder, cast: Cast, sources: dict[str, Path]) -> None:
        """Choose the ports, write the password file."""
        self.home, self.cast, self.sources = home, cast, sources
        self.claims, self.nodes, self.ports = Ports(), dict[str, Child](), dict[str, int]()
        self.password = secrets.token_urlsafe(24).encode()
        self.folder = self.home.path
        self.keys = self.folder / "keys"
        self.deployment_file = self.folder / "deployment.json"
        self.password_file = self.keys / "password"
        """Its password opens every key file of the demo."""
        self.keys.mkdir()
        self.password_file.touch(mode=0o600)
        self.password_file.write_bytes(self.password + b"\n")
        self.relays = {host.id: RelayAccount.generate() for host in self.cast.hosts}
        """What each node sends by; that of the competent department creates the contracts."""
        self.chain_port = self.claims.choose(CHAIN_PORT)
        wanted = FIRST_NODE_PORT
        for host in self.cast.hosts:
            self.ports[host.id] = self.claims.choose(wanted)
            wanted = self.ports[host.id] + 1
        self.chain = Child(
            t("链", "the chain"),
            [
                *("chain", "run", "--data", str(self.folder / "chain")),
                *("--port", str(self.chain_port), "--chain-id", str(CHAIN_ID)),
                *("--deployer", self.relays[self.cast.data.id].address.hex()),
            ],
            self.folder / "chain.log",
            self.chain_url,
            (self.home.lock,),
        )

    @property
    def chain_url(self) -> str:
        return f"http://127.0.0.1:{self.chain_port}"

    def authority(self, player: Player) -> str:
        """Return the Host a request to the department's node names."""
        return f"127.0.0.1:{self.ports[player.host]}"

    def url(self, player: Player) -> str:
        return f"http://{self.authority(player)}"

    def settings_file(self, player: Player) -> Path:
        return self.folder / f"{player.host}.toml"

    def relay_file(self, host: str) -> Path:
        return self.keys / f"{host}-relay.json"

    def data_dir(self, player: Player) -> Path:
        return self.folder / f"{player.host}-node"

    def prepare_nodes(self) -> None:
        self.cast.save_node_keys(self.keys, self.password)
        for host in self.cast.hosts:
            self.settings_file(host).write_text(self._settings(host), encoding="utf-8")
            self.nodes[host.id] = Child(
                t(f"{host.name}的节点", f"the node of {host.name}"),
                ["node", "run", "--config", str(self.settings_file(host))],
                self.folder / f"{host.id}.log",
                self.url(host),
                (self.home.lock,),
            )

    def start_nodes(self) -> None:
        """Start the three node processes, all at once; return when each answers."""
        for child in self.nodes.values():
            child.spawn()
        for child in self.nodes.values():
            child.wait_ready()

    @property
    def ended(self) -> str | None:
        """Name of a server that has ended by itself, or None."""
        servers = [self.chain, *self.nodes.values()]
        return next((server.name for server in servers if not server.alive), None)

    def stop(self) -> None:
        """Stop every server that runs: nodes first, the chain last."""
        for child in self.nodes.values():
            child.ask_to_end()
        for child in [*self.nodes.values(), self.chain]:
            child.stop()

    def deploy_contracts(self) -> None:
        """Keep the relay accounts, deploy the contracts, write deployment.json."""
        for host, relay in self.relays.items():
            relay.save(self.relay_file(host), self.password)
        gateway = Gateway(self.chain_url)
        try:
            centre = self.relays[self.cast.data.id]
            deploy(gateway, centre, self.cast.root.public_key).save(self.deployment_file)
        finally:
            gateway.close()

    def _settings(self, host: Player) -> str:
        centre = self.cast.data
        # A node with empty disks knows no other: it is told the competent department's.
        peers = [] if host is centre else ["", "[peers]", f'{centre.code} = "{self.url(centre)}"']
        lines = [
            f'chain_url = "{self.chain_url}"',
            f'deployment = "{self.deployment_file}"',
            f'data_dir = "{self.data_dir(host)}"',
            'host = "127.0.0.1"',
            f"port = {self.ports[host.id]}",
            f'public_url = "{self.url(host)}"',
            f'authorities = ["{self.authority(host)}"]',
            f'relay_key = "{self.relay_file(host.id)}"',
            f'password_file = "{self.password_file}"',
            *peers,
            "",
            "[anchoring]",
            f"anchor_seconds = {ANCHOR_SECONDS}",
        ]
        for player in self.cast.hosted_by(host):
            lines += [
                "",
                "[[departments]]",
                f'code = "{player.code}"',
                f'custody = "{player.custody}"',
                f'department_key = "{self.keys / f"{player.id}-department.pem"}"',
                f'log_key = "{self.keys / f"{player.id}-log.pem"}"',
            ]
            for form in LATEST.get(player.id, ()):
                pairs = ", ".join(f'{item[0]} = "{item[-1]}"' for item in form.items)
                lines += [
                    "",
                    "[[departments.sources]]",
                    f'entry = "{form.code}"',
                    f'url = "sqlite:///{self.sources[player.id]}"',
                    f'table = "{form.table}"',
                    f'key = "{form.key}"',
                    f"columns = {{ {pairs} }}",
                ]
        return "\n".join(lines) + "\n"
