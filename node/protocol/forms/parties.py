"""Documents about who takes part: departments, keys, roles, application systems.

All public: every node fetches and keeps them.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ..ledger.enums import (
    DepartmentKind,
    KeyKind,
    Level,
    Role,
)
from .codes import unified_code
from .fields import (
    Code,
    Day,
    DepartmentCode,
    Digest,
    Name,
    Paper,
    Part,
    Period,
    Problem,
    PublicKey,
    Text,
    Url,
    nested,
    repeated,
)

DEPARTMENT_KINDS = {
    "政府部门": DepartmentKind.GOVERNMENT,
    "授权组织": DepartmentKind.AUTHORISED,
    "党委或司法机关": DepartmentKind.PARTY_OR_COURT,
    "公用事业": DepartmentKind.UTILITY,
    "其他": DepartmentKind.OTHER,
}
LEVELS = {
    "国家": Level.STATE,
    "省": Level.PROVINCE,
    "市": Level.CITY,
    "县": Level.COUNTY,
    "乡": Level.TOWNSHIP,
}
KEY_KINDS = {
    "人员": KeyKind.OFFICER,
    "部门": KeyKind.DEPARTMENT,
    "应用系统": KeyKind.APPLICATION,
}
ROLES = {
    "数据专管员": Role.DATA_OFFICER,
    "工作机构负责人": Role.OFFICE_HEAD,
    "部门负责人": Role.DEPARTMENT_HEAD,
    "审核员": Role.REVIEWER,
    "审计员": Role.AUDITOR,
    "值班员": Role.DUTY_OFFICER,
}


class HeadOfficer(Part):
    """The department head whose key is registered with the enrolment."""

    name: Name
    post: Name
    public_key: PublicKey


class Contact(Part):
    """Whom to ask."""

    name: Name
    phone: Name


class DepartmentPaper(Paper):
    """`department`: what an enrolment says."""

    type: Literal["department"]
    code: Annotated[DepartmentCode, AfterValidator(unified_code)]
    """Checked by its standard here, where it comes into use; what names it later is looked up."""
    name: Name
    parent: DepartmentCode
    """The department's own code if nothing stands above it."""
    competent: DepartmentCode
    kind: Literal["政府部门", "授权组织", "党委或司法机关", "公用事业", "其他"]
    level: Literal["国家", "省", "市", "县", "乡"]
    region: Name
    screening: bool
    """Whether, as competent department, it screens applications before the provider."""
    duties: Annotated[tuple[Text, ...], Field(max_length=200)]
    """三定 duties."""
    url: Url
    """Base URL of the node that serves this department."""
    custody: Literal["own", "hosted"]
    host: DepartmentCode | None
    contact: Contact
    head: HeadOfficer

    def problems(self) -> Iterator[Problem]:
        """Yield a host that does not go with the custody."""
        yield from custody_problems(self.custody, self.host)


class EncryptionKey(Period):
    """The SM2 key answers are sealed to; never the key that signs."""

    public_key: PublicKey


class Holder(Part):
    """Who has a key: a department, or one of its application systems."""

    department: DepartmentCode
    application: Code | None


class KeyPaper(Paper, Period):
    """`key`: whose key is registered and what for."""

    type: Literal["key"]
    holder: Holder
    kind: Literal["人员", "部门", "应用系统"]
    name: Name
    """The officer's, the department's or the application system's name."""
    post: Name | None
    public_key: PublicKey
    encryption_key: EncryptionKey | None
    ed25519: Digest | None
    """The log's second key (protocol.md section 6)."""
    custody: Literal["own", "hosted"]
    host: DepartmentCode | None

    def problems(self) -> Iterator[Problem]:
        """Yield members that do not go with the kind of key."""
        yield from super().problems()
        yield from custody_problems(self.custody, self.host)
        application = self.kind == "应用系统"
        if application != (self.holder.application is not None):
            yield Problem(
                ("holder", "application"),
                "应用系统密钥（且仅此种）属于应用",
                self.holder.application,
            )
        if application != (self.encryption_key is not None):
            yield Problem(("encryptionKey",), "应用系统密钥（且仅此种）附加密公钥", None)
        if (self.kind == "部门") != (self.ed25519 is not None):
            yield Problem(("ed25519",), "部门密钥（且仅此种）附 Ed25519 公钥", self.ed25519)
        if self.encryption_key is not None:
            yield from nested(self.encryption_key, "encryptionKey")
            if self.encryption_key.public_key == self.public_key:
                yield Problem(
                    ("encryptionKey", "publicKey"), "签名密钥与加密密钥必须不同", self.public_key
                )


class RevocationPaper(Paper):
    """`revocation`: why a key is withdrawn."""

    type: Literal["revocation"]
    department: DepartmentCode
    key: Digest
    reason: Text
    since: Day | None
    """When the key is believed to have been lost."""


class RolesPaper(Paper, Period):
    """`roles`: what a department lets a key do."""

    type: Literal["roles"]
    department: DepartmentCode
    key: Digest
    holder: Name
    post: Name
    deputy: bool
    """Acts for another: signs as "(代)"."""
    roles: Annotated[
        tuple[
            Literal["数据专管员", "工作机构负责人", "部门负责人", "审核员", "审计员", "值班员"],
            ...,
        ],
        Field(max_length=6),
    ]
    """Empty: every role is taken back."""
    reason: Text

    def problems(self) -> Iterator[Problem]:
        """Yield a role named twice."""
        yield from super().problems()
        yield from repeated(self.roles, ("roles",), "角色重复")


class ApplicationObjectPaper(Paper):
    """`application-object`: an application system that will call."""

    type: Literal["application-object"]
    department: DepartmentCode
    code: Code
    name: Name
    description: Text
    network: Literal["政务外网", "互联网", "部门专网"]
    protection_level: Annotated[int, Field(ge=1, le=5)]
    """网络安全等级保护."""
    contact: Contact


def custody_problems(custody: str, host: str | None) -> Iterator[Problem]:
    """Yield a host without custody by a host, or the other way round."""
    if (custody == "hosted") != (host is not None):
        yield Problem(("host",), "托管时（且仅此时）写明受托部门", host)
