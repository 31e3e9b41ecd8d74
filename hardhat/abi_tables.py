# ruff: noqa: INP001
"""Writes the tables of docs/protocol.md 8.1 from the exported ABIs: `make abi` runs it.

Whoever reads the chain without our ABIs needs types, indexed members, topics and selectors; kept by
hand they would be wrong after the next change of a contract.
"""

from pathlib import Path
from typing import Any

from node.crypto import keccak256
from node.protocol.evm.abi import CONTRACTS, load_abi, signature

TARGET = Path(__file__).parents[1] / "docs" / "protocol.md"
BEGIN, END = "<!-- hardhat/abi_tables.py writes from here -->\n", "<!-- to here -->\n"


def members(parameters: list[dict[str, Any]]) -> str:
    """Return parameters as `type name, …`, tuples spelt out; an indexed one ends in a star."""
    return ", ".join(
        f"{type_of(each)} {each['name']}".rstrip() + ("*" if each.get("indexed") else "")
        for each in parameters
    )


def type_of(parameter: dict[str, Any]) -> str:
    """Return a parameter's type, a tuple's with its members' names."""
    name: str = parameter["type"]
    if not name.startswith("tuple"):
        return name
    return f"({members(parameter['components'])}){name.removeprefix('tuple')}"


def declared(kind: str) -> list[tuple[str, dict[str, Any], bytes]]:
    """Return (contract, item, hash of its signature) of all events, functions or errors."""
    return [
        (contract, item, keccak256(signature(item).encode("ascii")))
        for contract in CONTRACTS
        for item in sorted(load_abi(contract), key=lambda item: item.get("name", ""))
        if item["type"] == kind
    ]


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table; a contract's name stands in its first row only."""
    lines: list[tuple[str, ...]] = [heads, ("---",) * len(heads)]
    last = ""
    for first, *rest in rows:
        lines.append((first if first != last else "", *rest))
        last = first
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def render() -> str:
    """Return the three tables."""
    events = [
        (contract, f"`{item['name']}({members(item['inputs'])})`", f"`{topic.hex()}`")
        for contract, item, topic in declared("event")
    ]
    functions = [
        (
            contract,
            f"`{item['name']}({members(item['inputs'])})`",
            f"`{members(item['outputs'])}`" if item["outputs"] else "",
            f"`{topic[:4].hex()}`",
        )
        for contract, item, topic in declared("function")
    ]
    errors = {
        item["name"]: (f"`{item['name']}({members(item['inputs'])})`", f"`{topic[:4].hex()}`")
        for _, item, topic in declared("error")
    }
    parts = [
        table(("contract", "event", "topic 0"), events),
        table(("contract", "function", "returns", "selector"), functions),
        table(("error", "selector"), [errors[name] for name in sorted(errors)]),
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    written = TARGET.read_text(encoding="utf-8")
    before, _, rest = written.partition(BEGIN)
    _, _, after = rest.partition(END)
    text = f"{before}{BEGIN}\n{render()}\n{END}{after}"
    if text != written:  # `make test` compares while its tests read it
        TARGET.write_text(text, encoding="utf-8")
