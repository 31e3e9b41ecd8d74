"""Documents, the papers behind decisions (protocol.md section 2).

fields: the values and the base models; parties, versions, sharing: the kinds; document: bytes,
digest, parsing and what is wrong, in Chinese; deriving: document to struct; binding: which
decision binds which document to what, and which departments a document names; words: what people
read for enumerations and decisions.
"""

from ..wire.days import BEIJING as BEIJING
from .binding import Binding as Binding
from .binding import Concerned as Concerned
from .binding import authorisation_object as authorisation_object
from .binding import bindings_of as bindings_of
from .binding import department_object as department_object
from .binding import departments_named as departments_named
from .binding import digests_of as digests_of
from .binding import key_object as key_object
from .binding import version_object as version_object
from .deriving import NEED_VERSION as NEED_VERSION
from .deriving import contradicts as contradicts
from .deriving import derive as derive
from .deriving import version_codes as version_codes
from .document import KINDS as KINDS
from .document import PUBLIC as PUBLIC
from .document import RESTRICTED as RESTRICTED
from .document import SIZE_LIMIT_BYTES as SIZE_LIMIT_BYTES
from .document import Document as Document
from .document import digest_of as digest_of
from .document import make_document as make_document
from .document import new_document as new_document
from .document import parse as parse
from .document import problems_of as problems_of
from .document import read_part as read_part
from .fields import Paper as Paper
from .fields import Problem as Problem
from .fields import day_of as day_of
from .fields import ends as ends
from .fields import starts as starts
from .parties import KEY_KINDS as KEY_KINDS
from .parties import ROLES as ROLES
from .parties import STATUSES as STATUSES
from .parties import DepartmentPaper as DepartmentPaper
from .parties import KeyPaper as KeyPaper
from .sharing import ANSWERS as ANSWERS
from .sharing import CHANGES as CHANGES
from .sharing import MODES as MODES
from .sharing import OUTCOMES as OUTCOMES
from .sharing import PROTECTIVE as PROTECTIVE
from .sharing import STEPS as STEPS
from .sharing import ApplicationPaper as ApplicationPaper
from .sharing import ChangePaper as ChangePaper
from .sharing import ReplyPaper as ReplyPaper
from .sharing import StepPaper as StepPaper
from .sharing import TermsPaper as TermsPaper
from .versions import GRADES as GRADES
from .versions import CatalogueVersionPaper as CatalogueVersionPaper
from .versions import Grade as Grade
from .versions import Item as Item
from .versions import ShareTypeName as ShareTypeName
from .versions import UpdateCycle as UpdateCycle
from .versions import WithdrawalPaper as WithdrawalPaper
from .versions import WithdrawalReviewPaper as WithdrawalReviewPaper
from .versions import Withdrawn as Withdrawn
