"""Documents about who takes part: departments, keys, roles, application systems, logs.

All public but `officer-key`: it alone says who an officer is. On chain and in every public paper
an officer is a key, and behind all his keys stands one random handle, his `person`.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ..ledger.enums import (
    DepartmentKind,
    DepartmentStatus,
    KeyKind,
    Level,
    Role,
)
from .codes import unified_code
from .fields import (
    Address,
    Code,
    Day,
    DepartmentCode,
    Digest,
    Name,
    Paper,
    Part,
    Period,
    Person,
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
STATUSES = {
    "恢复": DepartmentStatus.ACTIVE,
    "停用": DepartmentStatus.SUSPENDED,
    "关闭": DepartmentStatus.CLOSED,
}
"""What an order about a department leads to."""
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
    """A department head whose key is registered with the enrolment or the recovery.

    Who heads a department is public; of other officers only their `officer-key` says who they are.
    """

    name: Name
    post: Name
    person: Person
    public_key: PublicKey


class Contact(Part):
    """Whom to ask."""

    name: Name
    phone: Name


class Custody(Part):
    """Whether a department runs its node itself or has another one run it (托管)."""

    custody: Literal["own", "hosted"]
    host: DepartmentCode | None

    def problems(self) -> Iterator[Problem]:
        yield from super().problems()
        if (self.custody == "hosted") != (self.host is not None):
            yield Problem(("host",), "托管时（且仅此时）写明受托部门", self.host)


class DepartmentPaper(Paper, Custody):
    """`department`: what an enrolment or an update says."""

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
    may_enrol: bool
    """Whether it may be competent for others: enrol departments and pass this on."""
    duties: Annotated[tuple[Text, ...], Field(max_length=200)]
    """三定 duties."""
    url: Url
    """Base URL of the node that serves this department."""
    contact: Contact
    head: HeadOfficer | None
    """There exactly in an enrolment; an update registers no key."""


class EncryptionKey(Period):
    """The SM2 key answers are sealed to; never the key that signs."""

    public_key: PublicKey


class Holder(Part):
    """Who has a key: a department, or one of its application systems."""

    department: DepartmentCode
    application: Code | None


class KeyPaper(Paper, Period, Custody):
    """`key`: a department's or an application system's key; an officer's is an `officer-key`."""

    type: Literal["key"]
    holder: Holder
    kind: Literal["部门", "应用系统"]
    name: Name
    """The department's or the application system's name."""
    public_key: PublicKey
    encryption_key: EncryptionKey | None
    ed25519: Digest | None
    """The log's second key (protocol.md section 6)."""

    def problems(self) -> Iterator[Problem]:
        yield from super().problems()
        application = self.kind == "应用系统"
        if application != (self.holder.application is not None):
            yield Problem(
                ("holder", "application"),
                "应用系统密钥（且仅此种）属于应用",
                self.holder.application,
            )
        if application != (self.encryption_key is not None):
            yield Problem(("encryptionKey",), "应用系统密钥（且仅此种）附加密公钥", None)
        if application == (self.ed25519 is not None):
            yield Problem(("ed25519",), "部门密钥（且仅此种）附 Ed25519 公钥", self.ed25519)
        if self.encryption_key is not None:
            yield from nested(self.encryption_key, "encryptionKey")
            if self.encryption_key.public_key == self.public_key:
                yield Problem(
                    ("encryptionKey", "publicKey"), "签名密钥与加密密钥必须不同", self.public_key
                )


class OfficerKeyPaper(Paper, Period):
    """`officer-key`: an officer's key and who he is; restricted to his department and its own."""

    type: Literal["officer-key"]
    department: DepartmentCode
    name: Name
    post: Name
    person: Person
    public_key: PublicKey


class RecoveryPaper(Paper):
    """`recovery`: a department that has lost its head's key gets a new one, after seven days."""

    type: Literal["recovery"]
    department: DepartmentCode
    head: HeadOfficer
    reason: Text


class DepartmentStatusPaper(Paper):
    """`department-status`: the order that suspends, resumes or closes a department."""

    type: Literal["department-status"]
    department: DepartmentCode
    order: Literal["停用", "恢复", "关闭"]
    reason: Text


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


class LogSuccessionPaper(Paper):
    """`log-succession`: why a department's log ends and another one begins."""

    type: Literal["log-succession"]
    department: DepartmentCode
    relay: Address
    """The account that anchors the new log."""
    reason: Text
