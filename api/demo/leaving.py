"""What the demo leaves with `--keep`: a city that runs again, and an application's first call.

`call.json` is what the clients in Python and JavaScript read (docs/clients.md): the provider's node
and one's own, the application's key files, authorisation, purpose, items; `client.properties` says
to Java's as much as that takes from a file. The command that is printed was run first.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import tomli_w

from api.cli.console import put, say

from .calling import OPERATOR
from .entries import HOUSEHOLD, PURPOSE
from .granting import GRANTED

if TYPE_CHECKING:
    from .calling import Calls

CALL, CITY, RECEIPTS = "call.json", "city.toml", "receipts"
PROPERTIES = "client.properties"
JAVA_NAMES = {"key": "signingKey", "openingKey": "encryptionKey"}
"""What the Java client calls a member; it has the others' names."""
JAVA_MEMBERS = ("provider", "own", "key", "openingKey", "passwordFile", "receipts")
JAVA_CLIENT = Path(__file__).parents[2] / "clients" / "java"
"""Where it is in a checkout; a wheel is without it."""
JAVA_TOOLS = ("java", "mvn")
COMMAND_SECONDS = 60.0


class Legacy:
    """What is left in a demo's folder, and the lines that use it."""

    def __init__(self, calls: Calls) -> None:
        """Leave the folder of the city whose calls these are."""
        self._calls, self._city = calls, calls.city
        self.folder = calls.city.folder
        program = _program()
        self.call = f"{program} application call {shlex.quote(str(self.folder / CALL))}"
        self.run = f"{program} city run {shlex.quote(str(self.folder / CITY))}"

    def write(self) -> None:
        """Write the files, and make the call as it will be printed."""
        with (self.folder / CITY).open("xb") as file:
            tomli_w.dump(self._city.values, file)
        said = self._members()
        rendered = json.dumps(said, ensure_ascii=False, indent=2)
        (self.folder / CALL).write_text(rendered + "\n", "utf-8")
        lines = [f"{JAVA_NAMES.get(name, name)}={said[name]}\n" for name in JAVA_MEMBERS]
        (self.folder / PROPERTIES).write_text("".join(lines), "utf-8")
        done = subprocess.run(  # noqa: S603 - our own command, by a shell as its reader runs it
            ["/bin/sh", "-c", self.call],
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
        put((done.stdout + done.stderr).rstrip())
        kept = list((self.folder / RECEIPTS).glob("*.json"))
        self._city.stages.check(
            done.returncode == 0 and len(kept) == 1,
            f"照 {CALL} 调用一次：答复已核验，回执已保存",
            f"one call as {CALL} says: verified, its receipt kept",
        )

    def tell(self, *, up: bool) -> None:
        """Say what is left and how it is used."""
        said = self._members()
        say(f"\n留下的城市：{self.folder}", f"\nthe city is left in {self.folder}")
        say(
            f"  授权编号 {said['authorisation']}，用途 {said['purpose']}，密钥文件 {said['key']}、"
            f"{said['openingKey']}，口令文件 {said['passwordFile']}",
            f"  authorisation {said['authorisation']}, purpose {said['purpose']}, key files "
            f"{said['key']}, {said['openingKey']}, password file {said['passwordFile']}",
        )
        if not up:
            say("  再次运行：", "  to run it again:")
            put(f"  {self.run}")
        say("  运行时，可直接执行的调用：", "  a call, while it runs:")
        put(f"  {self.call}")
        self._tell_java(said)

    def _tell_java(self, said: dict[str, Any]) -> None:
        """Print the same call by the Java client, or name what it lacks here."""
        missing = [tool for tool in JAVA_TOOLS if shutil.which(tool) is None]
        if not (JAVA_CLIENT / "pom.xml").exists():
            missing.append(str(JAVA_CLIENT))
        if missing:
            say(
                f"  Java 客户端用 {PROPERTIES}；这里没有 {'、'.join(missing)}，命令从略",
                f"  the Java client takes {PROPERTIES}; no command, for lack of "
                f"{', '.join(missing)}",
            )
            return
        say(
            "  同一调用，用 Java 客户端（先构建一次）：",
            "  the same by the Java client, once built:",
        )
        for command in java_commands(said, self.folder):
            put(f"  {shlex.join(command)}")

    def _members(self) -> dict[str, Any]:
        cast, share = self._city.cast, self._calls.share
        own, code = cast.education, cast.admission.code
        signing, opening = (
            self._city.keys.places[own.plan.key(name)] for name in (code, f"{code}-open")
        )
        return {
            "provider": self._city.url(share.provider(HOUSEHOLD)),
            "own": self._city.url(own),
            "key": str(signing.file.relative_to(self.folder)),
            "openingKey": str(opening.file.relative_to(self.folder)),
            "passwordFile": str(signing.password_file.relative_to(self.folder)),
            "authorisation": share.authorisations[HOUSEHOLD],
            "purpose": PURPOSE[0],
            "items": list(GRANTED[HOUSEHOLD]),
            "where": {"GMSFHM": {"eq": self._calls.someone}},
            "operator": OPERATOR,
            "matter": "RX2026000000",
            "receipts": RECEIPTS,
        }


def java_commands(said: dict[str, Any], folder: Path) -> tuple[list[str], list[str]]:
    """Return what builds the Java client and what makes by it the call that `call.json` says."""
    jar = ET.parse(JAVA_CLIENT / "pom.xml").getroot()  # noqa: S314 - our own file
    name, version = (jar.findtext(f"{{*}}{each}") for each in ("artifactId", "version"))
    build = ["mvn", "-q", "-f", str(JAVA_CLIENT / "pom.xml"), "-DskipTests", "package"]
    query = ["java", "-jar", str(JAVA_CLIENT / "target" / f"{name}-{version}.jar"), "query"]
    query += [str(folder / PROPERTIES), str(said["authorisation"]), "--purpose", said["purpose"]]
    query += ["--items", ",".join(said["items"]), "--operator", said["operator"]]
    query += ["--matter", said["matter"], "--where", json.dumps(said["where"])]
    return build, query


def _program() -> str:
    """Return how this installation's `shareledger` is called from any folder."""
    ours = Path(sys.executable).with_name("shareledger")
    found = shutil.which("shareledger")
    if found is not None and Path(found).resolve() == ours.resolve():
        return "shareledger"
    if ours.exists():
        return shlex.quote(str(ours))
    return f"{shlex.quote(sys.executable)} -m api.cli"
