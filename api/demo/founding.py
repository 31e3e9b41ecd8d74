"""Founding: contracts in force, departments enrolled, keys proven, roles granted, logs open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.chain.deployment import deploy
from node.chain.gateway import Gateway
from node.office import departments

from . import papers

if TYPE_CHECKING:
    from node.crypto import Signer

    from .cast import Official, Player, System
    from .city import City
    from .offices import Offices


def deploy_contracts(city: City) -> None:
    """Keep the relay accounts, deploy the contracts, write deployment.json."""
    for host in city.cast.hosts:
        city.relays[host.id].save(city.relay_file(host), city.password)
    gateway = Gateway(city.chain_url)
    try:
        deployment = deploy(gateway, city.relays[city.cast.data.id], city.cast.root.public_key)
    finally:
        gateway.close()
    deployment.save(city.deployment_file)


def enrol_everybody(city: City, offices: Offices) -> None:
    """Enrol the five departments, the competent one first, by the root key."""
    cast = city.cast
    for player in cast.players:
        signer = cast.root if player is cast.data else cast.data.head.signer
        enrol(city, offices, player, signer)
        key = departments.add_key(papers.department_key(cast, player))
        offices.decide(player, key, player.head.signer, player.department_key)


def enrol(city: City, offices: Offices, player: Player, signer: Signer) -> None:
    """Enrol one department with its head's key."""
    cast = city.cast
    act = departments.enrol_department(papers.department(cast, player, city.url(player)))
    offices.decide(cast.data, act, signer, player.head.signer)


def list_contracts(city: City, offices: Offices) -> None:
    """Put the contracts in force."""
    contracts = offices.node(city.cast.data).deployment.contracts
    for name in departments.LISTED:
        deployed = contracts[name]
        act = departments.list_contract(name, deployed.address, deployed.code_hash)
        offices.decide(city.cast.data, act, city.cast.data.head.signer)


def appoint(city: City, offices: Offices) -> None:
    """Register the officials' keys, grant their roles; every provider lets the auditor in."""
    cast = city.cast
    for player in cast.players:
        for official in player.officials:
            act = departments.add_officer_key(papers.officer_key(player, official))
            offices.decide(player, act, player.head.signer, official.signer)
            grant(offices, player, official)
    auditor = cast.audit.official("审计员")
    for player in (cast.data, cast.land, cast.police, cast.education):
        grant(offices, player, auditor)


def grant(offices: Offices, player: Player, official: Official) -> None:
    """Give an official his role in a department."""
    act = departments.grant_roles(papers.roles(player, official))
    offices.decide(player, act, player.head.signer)


def register_systems(city: City, offices: Offices) -> None:
    """Register the application systems of 市教育局 and their keys."""
    for system in (city.cast.admission, city.cast.other):
        register_system(city, offices, system)


def register_system(city: City, offices: Offices, system: System) -> None:
    """Register one application system and its key."""
    owner = city.cast.education
    act = departments.register_application(papers.application_object(owner, system))
    offices.decide(owner, act, owner.official("工作机构负责人").signer)
    key = departments.add_key(papers.application_key(owner, system))
    offices.decide(owner, key, owner.head.signer, system.signer)


def open_logs(city: City, offices: Offices) -> None:
    """Open every department's log, anchored by the relay of the node that serves it."""
    for player in city.cast.players:
        relay = offices.node(player).relay.address
        offices.decide(player, departments.register_log(player.code, relay), player.head.signer)
