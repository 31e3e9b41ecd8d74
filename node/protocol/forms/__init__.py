"""Documents, the papers behind decisions (protocol.md section 2).

fields: the values and the base models; parties, catalogue, sharing: the kinds; document: bytes,
digest and parsing; reasons: what is wrong, in Chinese; mapping: document to struct; naming: which
departments a document names.
"""

from .document import (
    KINDS,
    PUBLIC,
    RESTRICTED,
    SIZE_LIMIT_BYTES,
    Document,
    digest_of,
    new_document,
    parse,
    problems_of,
)
from .fields import (
    BEIJING,
    Paper,
    Problem,
    ends,
    starts,
)
from .mapping import (
    contradicts,
    derive,
    digest_or_zero,
    version_codes,
)
from .naming import departments_named
from .parties import (
    DEPARTMENT_KINDS,
    KEY_KINDS,
    LEVELS,
    ROLES,
    ApplicationObjectPaper,
    DepartmentPaper,
    KeyPaper,
    RevocationPaper,
    RolesPaper,
)
from .sharing import (
    ANSWERS,
    MODES,
    STEPS,
    ApplicationPaper,
    ReplyPaper,
    StepPaper,
    TermsPaper,
)
from .versions import (
    GRADES,
    MODES_OF_FORMAT,
    SHARE_TYPES,
    CatalogueVersionPaper,
    Item,
    ReviewPaper,
)

__all__ = [
    "ANSWERS",
    "BEIJING",
    "DEPARTMENT_KINDS",
    "GRADES",
    "KEY_KINDS",
    "KINDS",
    "LEVELS",
    "MODES",
    "MODES_OF_FORMAT",
    "PUBLIC",
    "RESTRICTED",
    "ROLES",
    "SHARE_TYPES",
    "SIZE_LIMIT_BYTES",
    "STEPS",
    "ApplicationObjectPaper",
    "ApplicationPaper",
    "CatalogueVersionPaper",
    "DepartmentPaper",
    "Document",
    "Item",
    "KeyPaper",
    "Paper",
    "Problem",
    "ReplyPaper",
    "ReviewPaper",
    "RevocationPaper",
    "RolesPaper",
    "StepPaper",
    "TermsPaper",
    "contradicts",
    "departments_named",
    "derive",
    "digest_of",
    "digest_or_zero",
    "ends",
    "new_document",
    "parse",
    "problems_of",
    "starts",
    "version_codes",
]
