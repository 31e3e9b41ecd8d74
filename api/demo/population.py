"""A synthetic city: people, their homes and their addresses, in real SQL databases.

Everything is generated from one seed. The division code 139999 is assigned to no place, so no
identity number made here can belong to anybody; the check digits are right (GB 11643-1999).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import (
    Column,
    Date,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    create_engine,
    func,
    inspect,
    select,
)
from stdnum.cn import ric

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIVISION = "139999"
FIRST_BIRTHDAY = date(1950, 1, 1)
DAYS_OF_BIRTHS = 26_600
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN_NAMES = "子轩雨泽浩宇欣怡梓涵思远佳琪嘉诚晓明文博若曦宇航诗雅俊杰美玲建国秀英"
STREETS = ("运河", "朝阳", "新华", "解放", "清池", "御河", "光荣", "水月", "千童", "海河")
DISTRICTS = ("运河区", "新华区", "沧县", "泊头市", "任丘市")

metadata = MetaData()
household = Table(
    "household",
    metadata,
    Column("id_number", String(18), primary_key=True),
    Column("name", String(40), nullable=False),
    Column("sex", String(1), nullable=False),
    Column("born", Date, nullable=False),
    Column("address", String(120), nullable=False),
    Column("household_head", String(18), nullable=False),
    Column("registered", Date, nullable=False),
    Column("moved_out", Date),
)
residence = Table(
    "residence_permit",
    metadata,
    Column("permit", String(20), primary_key=True),
    Column("id_number", String(18), nullable=False, index=True),
    Column("name", String(40), nullable=False),
    Column("address", String(120), nullable=False),
    Column("issued", Date, nullable=False),
    Column("expires", Date, nullable=False),
)
property_register = Table(
    "property_register",
    metadata,
    Column("certificate", String(24), primary_key=True),
    Column("owner_id_number", String(18), nullable=False, index=True),
    Column("owner", String(40), nullable=False),
    Column("address", String(120), nullable=False),
    Column("area", Numeric(9, 2), nullable=False),
    Column("registered", Date, nullable=False),
    Column("mortgaged", String(1), nullable=False),
)
place_names = Table(
    "place_names",
    metadata,
    Column("place", Integer, primary_key=True),
    Column("district", String(20), nullable=False),
    Column("street", String(40), nullable=False),
    Column("number", String(20), nullable=False),
)


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


def _address(chance: random.Random) -> str:
    return (
        f"沧州市{chance.choice(DISTRICTS)}{chance.choice(STREETS)}路{chance.randint(1, 400)}号"
        f"{chance.randint(1, 30)}号楼{chance.randint(1, 6)}单元{chance.randint(101, 3304)}室"
    )


def build_sources(folder: Path, *, rows: int, seed: int) -> dict[str, Path]:
    """Fill one SQLite database a department with `rows` rows a table; return their paths."""
    residents = list(people(rows, seed))
    chance = random.Random(seed + 1)  # noqa: S311 - reproducible test data, nothing secret
    police, land = folder / "police-sources.db", folder / "land-sources.db"
    _fill(police, household, (_household_row(person, chance) for person in residents))
    _fill(police, residence, (_residence_row(i, p, chance) for i, p in enumerate(residents)))
    _fill(land, property_register, (_property_row(i, p, chance) for i, p in enumerate(residents)))
    _fill(land, place_names, (_place_row(number, chance) for number in range(rows)))
    return {"police": police, "land": land}


def count_rows(paths: dict[str, Path]) -> list[int]:
    """Count the rows of every source's table, as its database does."""
    counts = []
    for path in paths.values():
        engine = create_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            counts += [
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in metadata.sorted_tables
                if inspect(connection).has_table(table.name)
            ]
        engine.dispose()
    return counts


def _household_row(person: Person, chance: random.Random) -> dict[str, object]:
    registered = person.born + timedelta(days=chance.randint(1, 40))
    return {
        "id_number": person.id_number,
        "name": person.name,
        "sex": person.sex,
        "born": person.born,
        "address": person.address,
        "household_head": person.id_number,
        "registered": registered,
        "moved_out": registered + timedelta(days=3650) if chance.random() < 0.03 else None,  # noqa: PLR2004 - a share
    }


def _residence_row(index: int, person: Person, chance: random.Random) -> dict[str, object]:
    issued = date(2024, 1, 1) + timedelta(days=chance.randint(0, 800))
    return {
        "permit": f"JZ{index:012d}",
        "id_number": person.id_number,
        "name": person.name,
        "address": _address(chance),
        "issued": issued,
        "expires": issued + timedelta(days=365),
    }


def _property_row(index: int, person: Person, chance: random.Random) -> dict[str, object]:
    return {
        "certificate": f"冀2024沧州市不动产权第{index:07d}号",
        "owner_id_number": person.id_number,
        "owner": person.name,
        "address": person.address,
        "area": f"{chance.randint(40, 180)}.{chance.randint(0, 99):02d}",
        "registered": date(2005, 1, 1) + timedelta(days=chance.randint(0, 7000)),
        "mortgaged": chance.choice("是否"),
    }


def _place_row(number: int, chance: random.Random) -> dict[str, object]:
    return {
        "place": number + 1,
        "district": chance.choice(DISTRICTS),
        "street": f"{chance.choice(STREETS)}路",
        "number": f"{chance.randint(1, 999)}号",
    }


def _fill(path: Path, table: Table, rows: Iterator[dict[str, object]]) -> None:
    engine = create_engine(f"sqlite:///{path}")
    columns = ", ".join(column.name for column in table.columns)
    marks = ", ".join("?" for _ in table.columns)
    try:
        metadata.create_all(engine, tables=[table])
        with engine.begin() as connection:
            connection.exec_driver_sql(
                f"INSERT INTO {table.name} ({columns}) VALUES ({marks})",  # noqa: S608 - our names
                [tuple(_plain(value) for value in row.values()) for row in rows],
            )
    finally:
        engine.dispose()


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
