"""What the departments fill into the T2 workbook: four entries, and the mended one.

Codes follow 发改高技〔2017〕1272号 (分类码/顺序码); the columns behind the entries are those of
`population`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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

Item = tuple[str, str, str, str, str, str, str, str]
"""code, name, data type, length, grade, mask, may be filtered on, column."""

HOUSEHOLD_ITEMS: tuple[Item, ...] = (
    ("XM", "姓名", "字符型C", "40", "一般2级", "keep:1,0", "否", "name"),
    ("GMSFHM", "公民身份号码", "字符型C", "18", "一般3级", "keep:6,4", "是", "id_number"),
    ("XB", "性别", "字符型C", "1", "一般1级", "", "否", "sex"),
    ("CSRQ", "出生日期", "日期型D", "", "一般2级", "", "是", "born"),
    ("HJDZ", "户籍地址", "字符型C", "120", "一般3级", "", "否", "address"),
    ("QRRQ", "迁入日期", "日期型D", "", "一般1级", "", "否", "registered"),
    ("QCRQ", "迁出日期", "日期型D", "", "一般1级", "", "否", "moved_out"),
)
HEAD_ITEM: Item = (
    *("HZSFHM", "户主身份号码", "字符型C", "18", "一般3级", "keep:6,4", "否", "household_head"),
)
RESIDENCE_ITEMS: tuple[Item, ...] = (
    ("JZZH", "居住证号", "字符型C", "20", "一般2级", "", "是", "permit"),
    ("GMSFHM", "公民身份号码", "字符型C", "18", "一般3级", "keep:6,4", "是", "id_number"),
    ("XM", "姓名", "字符型C", "40", "一般2级", "", "否", "name"),
    ("JZDZ", "居住地址", "字符型C", "120", "一般3级", "", "否", "address"),
    ("YXQZ", "有效期至", "日期型D", "", "一般1级", "", "否", "expires"),
)
PROPERTY_ITEMS: tuple[Item, ...] = (
    ("BDCQZH", "不动产权证号", "字符型C", "24", "一般3级", "", "是", "certificate"),
    ("QLRZJH", "权利人证件号", "字符型C", "18", "一般3级", "keep:6,4", "是", "owner_id_number"),
    ("QLR", "权利人", "字符型C", "40", "一般2级", "", "否", "owner"),
    ("ZL", "坐落", "字符型C", "120", "一般2级", "", "否", "address"),
    ("MJ", "面积", "数值型N", "9", "一般2级", "", "否", "area"),
    ("DJSJ", "登记日期", "日期型D", "", "一般1级", "", "否", "registered"),
    ("SFDY", "是否抵押", "字符型C", "1", "一般3级", "", "否", "mortgaged"),
)
PLACES_ITEMS: tuple[Item, ...] = (
    ("XZQ", "行政区", "字符型C", "20", "一般1级", "", "是", "district"),
    ("LM", "路名", "字符型C", "40", "一般1级", "", "是", "street"),
    ("MPH", "门牌号", "字符型C", "20", "一般1级", "", "否", "number"),
)


@dataclass(frozen=True, slots=True)
class EntryForm:
    """One entry as an officer fills it in."""

    code: str
    name: str
    abstract: str
    items: tuple[Item, ...]
    system: str
    table: str
    key: str
    """The column that tells rows apart."""
    share_type: str = "有条件共享"
    cycle: str = "每日"
    personal: bool = True

    def rows(self, provider: Player) -> Iterator[dict[str, str]]:
        """Write the entry as rows of the workbook, one an item."""
        conditional = self.share_type == "有条件共享"
        for code, name, kind, length, grade, mask, filterable, _ in self.items:
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
        *(HOUSEHOLD, "户籍信息", "常住人口户籍登记信息", HOUSEHOLD_ITEMS),
        *("人口库", "household", "id_number"),
    ),
    EntryForm(
        *(RESIDENCE, "居住证信息", "居住证", RESIDENCE_ITEMS),
        *("居住证系统", "residence_permit", "permit"),
    ),
)
LAND_FORMS = (
    EntryForm(
        *(PROPERTY, "不动产登记信息", "不动产登记簿的权利人、坐落和面积", PROPERTY_ITEMS),
        *("不动产登记系统", "property_register", "certificate"),
    ),
    EntryForm(
        *(PLACES, "标准地名地址", "经审定的路名与门牌", PLACES_ITEMS),
        *("地名地址库", "place_names", "place", "无条件共享", "每月"),
        personal=False,
    ),
)
SECOND_HOUSEHOLD = replace(
    POLICE_FORMS[0],
    abstract="常住人口户籍登记信息，增列与户主关系所需的户主身份号码",
    items=(*HOUSEHOLD_ITEMS, HEAD_ITEM),
)
"""Version 2 of the household entry: one more item."""
MENDED_RESIDENCE = replace(
    POLICE_FORMS[1], abstract="居住证的持证人、居住地址和有效期，每日由居住证系统更新"
)
"""The returned entry, with the abstract the reviewer asked for."""
LATEST = {"police": (SECOND_HOUSEHOLD, MENDED_RESIDENCE), "land": LAND_FORMS}
"""By department: its entries in their last versions, as its node serves them."""
