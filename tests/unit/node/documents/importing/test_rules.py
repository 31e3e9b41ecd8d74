"""Rules of a mapping file that a standard's check digit belongs to."""

from __future__ import annotations

import pytest

from node.documents.importing.rules import Rule
from node.errors import MalformedTable
from tests.common.codes import department_code


def test_a_rule_may_name_the_standard_a_cell_must_keep() -> None:
    provider = Rule(column="提供方代码", check="unified-code")
    resident = Rule(column="身份证号", check="resident-number")
    good = {"提供方代码": department_code(1), "身份证号": "11010519491231002X"}
    assert provider.read(good) == department_code(1)
    assert resident.read(good) == "11010519491231002X"
    with pytest.raises(MalformedTable, match="GB 32100"):
        provider.read({"提供方代码": "11130900MB0000001A"})
    with pytest.raises(MalformedTable, match="校验码") as refused:
        resident.read({"身份证号": "110105194912310020"})
    assert refused.value.facts == {"heading": "身份证号", "value": "110105194912310020"}
