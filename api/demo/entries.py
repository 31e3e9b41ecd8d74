"""What the departments fill into the T2 workbook: four entries, and the mended one.

Codes follow 发改高技〔2017〕1272号 (分类码/顺序码); the columns behind the entries are those of
`population`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .cast import Player

HOUSEHOLD = "30300101/06001"
RESIDENCE = "30300101/06002"
PROPERTY = "30300201/08001"
PLACES = "30300201/08002"
PURPOSE = ("ZHSX", "智慧升学")
OTHER_PURPOSE = ("RKTJ", "人口统计")

Item = tuple[str, str, str, str, str, str, str]
"""code, name, data type, length, grade, mask, may be filtered on."""

HOUSEHOLD_ITEMS: tuple[Item, ...] = (
    ("XM", "姓名", "字符型C", "40", "一般2级", "keep:1,0", "否"),
    ("GMSFHM", "公民身份号码", "字符型C", "18", "一般3级", "keep:6,4", "是"),
    ("XB", "性别", "字符型C", "1", "一般1级", "", "否"),
    ("CSRQ", "出生日期", "日期型D", "", "一般2级", "", "是"),
    ("HJDZ", "户籍地址", "字符型C", "120", "一般3级", "", "否"),
    ("QRRQ", "迁入日期", "日期型D", "", "一般1级", "", "否"),
    ("QCRQ", "迁出日期", "日期型D", "", "一般1级", "", "否"),
)
RESIDENCE_ITEMS: tuple[Item, ...] = (
    ("JZZH", "居住证号", "字符型C", "20", "一般2级", "", "是"),
    ("GMSFHM", "公民身份号码", "字符型C", "18", "一般3级", "keep:6,4", "是"),
    ("XM", "姓名", "字符型C", "40", "一般2级", "", "否"),
    ("JZDZ", "居住地址", "字符型C", "120", "一般3级", "", "否"),
    ("YXQZ", "有效期至", "日期型D", "", "一般1级", "", "否"),
)
PROPERTY_ITEMS: tuple[Item, ...] = (
    ("BDCQZH", "不动产权证号", "字符型C", "24", "一般3级", "", "是"),
    ("QLRZJH", "权利人证件号", "字符型C", "18", "一般3级", "keep:6,4", "是"),
    ("QLR", "权利人", "字符型C", "40", "一般2级", "", "否"),
    ("ZL", "坐落", "字符型C", "120", "一般2级", "", "否"),
    ("MJ", "面积", "数值型N", "9", "一般2级", "", "否"),
    ("DJSJ", "登记日期", "日期型D", "", "一般1级", "", "否"),
    ("SFDY", "是否抵押", "字符型C", "1", "一般3级", "", "否"),
)
PLACES_ITEMS: tuple[Item, ...] = (
    ("XZQ", "行政区", "字符型C", "20", "一般1级", "", "是"),
    ("LM", "路名", "字符型C", "40", "一般1级", "", "是"),
    ("MPH", "门牌号", "字符型C", "20", "一般1级", "", "否"),
)


@dataclass(frozen=True, slots=True)
class EntryForm:
    """One entry as an officer fills it in."""

    code: str
    name: str
    abstract: str
    items: tuple[Item, ...]
    share_type: str
    system: str
    cycle: str = "每日"
    personal: bool = True

    def rows(self, provider: Player) -> Iterator[dict[str, str]]:
        """Write the entry as rows of the workbook, one an item."""
        conditional = self.share_type == "有条件共享"
        for code, name, kind, length, grade, mask, filterable in self.items:
            yield {
                "类分类": "部门",
                "项分类": provider.name,
                "信息资源名称": self.name,
                "信息资源代码": self.code,
                "信息资源提供方": provider.name,
                "资源提供方代码": provider.code,
                "信息资源摘要": self.abstract,
                "信息资源格式分类": "数据库",
                "信息资源格式类型": "SQL",
                "信息项名称": name,
                "数据类型": kind,
                "共享类型": self.share_type,
                "共享条件": "无",
                "共享方式类型": "接口",
                "是否向社会开放": "否",
                "开放条件": "无",
                "更新周期": self.cycle,
                "发布日期": "2026-11-23",
                "信息项代码": code,
                "数据长度": length,
                "小数位数": "2" if kind == "数值型N" else "",
                "数据分级": grade,
                "脱敏规则": mask,
                "可为空": "是",
                "可作查询条件": filterable,
                "共享范围": "沧州市市本级部门" if conditional else "",
                "使用用途": "；".join(" ".join(each) for each in (PURPOSE, OTHER_PURPOSE))
                if conditional
                else "",
                "来源系统": self.system,
                "职责依据": f"{provider.name}职能配置规定",
                "是否含个人信息": "是" if self.personal else "否",
                "保密审查结论": "不涉及国家秘密、工作秘密",
                "保密审查日期": "2026-11-02",
                "个人信息保护影响评估结论": "风险可控" if self.personal else "",
                "个人信息保护影响评估日期": "2026-11-03" if self.personal else "",
            }


POLICE_FORMS = (
    EntryForm(
        HOUSEHOLD, "户籍信息", "常住人口户籍登记信息", HOUSEHOLD_ITEMS, "有条件共享", "人口库"
    ),
    EntryForm(RESIDENCE, "居住证信息", "居住证", RESIDENCE_ITEMS, "有条件共享", "居住证系统"),
)
LAND_FORMS = (
    EntryForm(
        PROPERTY,
        "不动产登记信息",
        "不动产登记簿的权利人、坐落和面积",
        PROPERTY_ITEMS,
        "有条件共享",
        "不动产登记系统",
    ),
    EntryForm(
        PLACES,
        "标准地名地址",
        "经审定的路名与门牌",
        PLACES_ITEMS,
        "无条件共享",
        "地名地址库",
        "每月",
        personal=False,
    ),
)
MENDED_RESIDENCE = EntryForm(
    RESIDENCE,
    "居住证信息",
    "居住证的持证人、居住地址和有效期，每日由居住证系统更新",
    RESIDENCE_ITEMS,
    "有条件共享",
    "居住证系统",
)
"""The returned entry, with the abstract the reviewer asked for."""
SECOND_HOUSEHOLD = EntryForm(
    HOUSEHOLD,
    "户籍信息",
    "常住人口户籍登记信息，增列与户主关系所需的户主身份号码",
    (*HOUSEHOLD_ITEMS, ("HZSFHM", "户主身份号码", "字符型C", "18", "一般3级", "keep:6,4", "否")),
    "有条件共享",
    "人口库",
)
"""Version 2 of the household entry: one more item."""

SOURCES: dict[str, tuple[str, str, str, dict[str, str]]] = {
    HOUSEHOLD: (
        "police",
        "household",
        "id_number",
        {
            "XM": "name",
            "GMSFHM": "id_number",
            "XB": "sex",
            "CSRQ": "born",
            "HJDZ": "address",
            "QRRQ": "registered",
            "QCRQ": "moved_out",
            "HZSFHM": "household_head",
        },
    ),
    RESIDENCE: (
        "police",
        "residence_permit",
        "permit",
        {
            "JZZH": "permit",
            "GMSFHM": "id_number",
            "XM": "name",
            "JZDZ": "address",
            "YXQZ": "expires",
        },
    ),
    PROPERTY: (
        "land",
        "property_register",
        "certificate",
        {
            "BDCQZH": "certificate",
            "QLRZJH": "owner_id_number",
            "QLR": "owner",
            "ZL": "address",
            "MJ": "area",
            "DJSJ": "registered",
            "SFDY": "mortgaged",
        },
    ),
    PLACES: (
        "land",
        "place_names",
        "place",
        {"XZQ": "district", "LM": "street", "MPH": "number"},
    ),
}
"""Entry -> department, table, key column, item -> column."""
