"""A synthetic city: people, their homes and their addresses, in real SQL databases.

Everything is generated from one seed. The division code 139999 is assigned to no place, so no
identity number made here can belong to anybody; the check digits are right (GB 11643-1999).
"""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from stdnum.cn import ric

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIVISION = "139999"
FIRST_BIRTHDAY = date(1950, 1, 1)
DAYS_OF_BIRTHS = 26_600
SHARE_MOVED_OUT = 0.03
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN_NAMES = "子轩雨泽浩宇欣怡梓涵思远佳琪嘉诚晓明文博若曦宇航诗雅俊杰美玲建国秀英"
STREETS = ("运河", "朝阳", "新华", "解放", "清池", "御河", "光荣", "水月", "千童", "海河")
DISTRICTS = ("运河区", "新华区", "沧县", "泊头市", "任丘市")

TABLES = {
    "household": (
        "police",
        """id_number VARCHAR(18) NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL,
        sex VARCHAR(1) NOT NULL, born DATE NOT NULL, address VARCHAR(120) NOT NULL,
        household_head VARCHAR(18) NOT NULL, registered DATE NOT NULL, moved_out DATE""",
    ),
    "residence_permit": (
        "police",
        """permit VARCHAR(20) NOT NULL PRIMARY KEY, id_number VARCHAR(18) NOT NULL,
        name VARCHAR(40) NOT NULL, address VARCHAR(120) NOT NULL, issued DATE NOT NULL,
        expires DATE NOT NULL""",
    ),
    "property_register": (
        "land",
        """certificate VARCHAR(24) NOT NULL PRIMARY KEY, owner_id_number VARCHAR(18) NOT NULL,
        owner VARCHAR(40) NOT NULL, address VARCHAR(120) NOT NULL, area NUMERIC(9, 2) NOT NULL,
        registered DATE NOT NULL, mortgaged VARCHAR(1) NOT NULL""",
    ),
    "place_names": (
        "land",
        """place INTEGER NOT NULL PRIMARY KEY, district VARCHAR(20) NOT NULL,
        street VARCHAR(40) NOT NULL, number VARCHAR(20) NOT NULL""",
    ),
}
"""By table: its department, its columns."""
INDEXED = {"residence_permit": "id_number", "property_register": "owner_id_number"}
"""By table: the column people are looked up by, where that is not the key."""

Row = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """One resident who does not exist."""

    id_number: str
    name: str
    sex: str
    born: date
    address: str


def people(count: int, seed: int) -> Iterator[Person]:
    """Make `count` residents, the same for the same seed, no identity number twice."""
    chance = random.Random(seed)  # noqa: S311 - reproducible test data, nothing secret
    for index in range(count):
        born = FIRST_BIRTHDAY + timedelta(days=index % DAYS_OF_BIRTHS)
        sequence = index // DAYS_OF_BIRTHS
        first_17 = f"{DIVISION}{born:%Y%m%d}{sequence:03d}"
        given = "".join(chance.sample(GIVEN_NAMES, chance.choice((1, 2))))
        yield Person(
            id_number=first_17 + ric.calc_check_digit(f"{first_17}0"),
            name=chance.choice(SURNAMES) + given,
            sex="男" if sequence % 2 else "女",
            born=born,
            address=_address(chance),
        )


def build_sources(folder: Path, *, rows: int, seed: int) -> dict[str, Path]:
    """Fill one SQLite database a department with `rows` rows a table; return their paths."""
    residents = list(people(rows, seed))
    chance = random.Random(seed + 1)  # noqa: S311 - reproducible test data, nothing secret
    filling = {
        "household": (_household(person, chance) for person in residents),
        "residence_permit": (_residence(i, each, chance) for i, each in enumerate(residents)),
        "property_register": (_property(i, each, chance) for i, each in enumerate(residents)),
        "place_names": (_place(number, chance) for number in range(rows)),
    }
    paths = {owner: folder / f"{owner}-sources.db" for owner, _ in TABLES.values()}
    for table, (owner, columns) in TABLES.items():
        with closing(sqlite3.connect(paths[owner])) as database, database:
            database.execute(f"CREATE TABLE {table} ({columns})")
            if table in INDEXED:
                database.execute(f"CREATE INDEX {table}_person ON {table} ({INDEXED[table]})")
            width = len(database.execute(f"PRAGMA table_info({table})").fetchall())
            marks = ", ".join("?" * width)
            database.executemany(f"INSERT INTO {table} VALUES ({marks})", filling[table])  # noqa: S608 - our names
    return paths


def count_rows(paths: dict[str, Path]) -> list[int]:
    """Count the rows of every source's table, as its database does."""
    counts = []
    for table, (owner, _) in TABLES.items():
        with closing(sqlite3.connect(paths[owner])) as database:
            counted = database.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - our names
            counts.append(int(counted.fetchone()[0]))
    return counts


def _address(chance: random.Random) -> str:
    return (
        f"沧州市{chance.choice(DISTRICTS)}{chance.choice(STREETS)}路{chance.randint(1, 400)}号"
        f"{chance.randint(1, 30)}号楼{chance.randint(1, 6)}单元{chance.randint(101, 3304)}室"
    )


def _household(who: Person, chance: random.Random) -> Row:
    registered = who.born + timedelta(days=chance.randint(1, 40))
    gone = chance.random() < SHARE_MOVED_OUT
    moved_out = f"{registered + timedelta(days=3650)}" if gone else None
    own = (who.id_number, who.name, who.sex, f"{who.born}", who.address)
    return (*own, who.id_number, f"{registered}", moved_out)


def _residence(index: int, who: Person, chance: random.Random) -> Row:
    issued = date(2024, 1, 1) + timedelta(days=chance.randint(0, 800))
    until = issued + timedelta(days=365)
    permit = f"JZ{index:012d}"
    return (permit, who.id_number, who.name, _address(chance), f"{issued}", f"{until}")


def _property(index: int, who: Person, chance: random.Random) -> Row:
    certificate = f"冀2024沧州市不动产权第{index:07d}号"
    area = f"{chance.randint(40, 180)}.{chance.randint(0, 99):02d}"
    registered = date(2005, 1, 1) + timedelta(days=chance.randint(0, 7000))
    own = (certificate, who.id_number, who.name, who.address)
    return (*own, area, f"{registered}", chance.choice("是否"))


def _place(number: int, chance: random.Random) -> Row:
    district, street = chance.choice(DISTRICTS), f"{chance.choice(STREETS)}路"
    return (number + 1, district, street, f"{chance.randint(1, 999)}号")
