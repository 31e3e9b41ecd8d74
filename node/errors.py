"""The one error tree of the system.

    LedgerError                     code, message, retryable
    + InvalidInput                  what was handed in cannot be what it claims to be
    + Unauthenticated               who is calling is not proven
    + Forbidden                     who is calling is known and may not
    + QuotaExceeded                 allowed, but no more today
    + NotFound
    + Conflict                      the state has moved on, or never allowed it
    + VerificationError             a proof does not hold: never retried, always alarmed
    + Unavailable  (retryable)      something we need is not there now
    + Fatal                         the process must end; going on could do harm

`code` is stable, public and never renamed (protocol.md section 7); messages are for people and
carry the offending value, `chinese` is the same for those who read Chinese. Nothing here knows
HTTP: `api/http/problems.py` holds the table of statuses. Subclasses that only add a code live here,
so that the whole list can be read in one place.
"""

from __future__ import annotations

import errno
import re
import socket
from typing import ClassVar

from .sentences import chinese_of


class LedgerError(Exception):
    """Anything this system raises on purpose; whatever is not one of these is a bug."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    told: str | None = None
    """The Chinese of another node's refusal, as that node gave it."""

    def __init__(self, message: str = "", **facts: object) -> None:
        """Take a message for people and facts for machines (rendered as problem+json members)."""
        super().__init__(message or self.code)
        self.message = message or self.code
        self.facts = facts

    @property
    def chinese(self) -> str:
        """The message in Chinese; as it was raised where it has none of its own."""
        return self.told or chinese_of(self.message)

    def __str__(self) -> str:
        chinese = self.chinese
        return self.message if chinese == self.message else f"{chinese} / {self.message}"


class InvalidInput(LedgerError):
    """What was handed in cannot be what it claims to be."""

    code = "malformed-request"


class MalformedFilter(InvalidInput):
    """A `where` clause names an unknown operator or a value of the wrong type."""

    code = "malformed-filter"


class DigestMismatch(InvalidInput):
    """Bytes do not hash to the digest that was claimed for them."""

    code = "digest-mismatch"


class MalformedKey(InvalidInput):
    """A key is not a point on the curve, or a key file cannot be read."""

    code = "malformed-key"


class MalformedDocument(InvalidInput):
    """A document is not canonical JSON of a known kind."""

    code = "malformed-document"


class MalformedEnvelope(InvalidInput):
    """A sealed envelope cannot be parsed or does not open."""

    code = "malformed-envelope"


class MalformedCheckpoint(InvalidInput):
    """A signed note is not a checkpoint of ours (C2SP tlog-checkpoint)."""

    code = "malformed-checkpoint"


class MalformedReceipt(InvalidInput):
    """A receipt, leaf or proof cannot be parsed."""

    code = "malformed-receipt"


class MalformedEvidence(InvalidInput):
    """An evidence bundle or a trust file cannot be parsed."""

    code = "malformed-evidence"


class MalformedEvent(InvalidInput):
    """A chain log does not decode as an event of our contracts."""

    code = "malformed-event"


class MalformedTransaction(InvalidInput):
    """Bytes are not a signed chain transaction of a kind we accept."""

    code = "malformed-transaction"


class MalformedTable(InvalidInput):
    """A filled spreadsheet or CSV has rows that cannot be filed; `facts["rows"]` lists them."""

    code = "malformed-table"


class Unauthenticated(LedgerError):
    """Who is calling is not proven."""

    code = "signature-invalid"


class SignatureInvalid(Unauthenticated):
    """An SM2 signature does not hold, or its key is unknown."""

    code = "signature-invalid"


class KeyRevoked(SignatureInvalid):
    """The signature holds, but its key was revoked: told to nobody who has not that key."""

    code = "key-revoked"


class KeyNotInForce(SignatureInvalid):
    """The signature holds, but its key is not valid yet, or no more."""

    code = "key-not-in-force"


class ClockSkew(Unauthenticated):
    """The call was signed too long ago or in the future."""

    code = "clock-skew"


class Forbidden(LedgerError):
    """Who is calling is known and may not."""

    code = "forbidden"


class PurposeNotGranted(Forbidden):
    """The purpose of the call is not the one granted."""

    code = "purpose-not-granted"


class ItemNotGranted(Forbidden):
    """An item asked for is not granted or does not exist."""

    code = "item-not-granted"


class FilterNotGranted(Forbidden):
    """A filter names an item that is neither granted nor filter-only."""

    code = "filter-not-granted"


class ModeNotGranted(Forbidden):
    """The authorisation is for another mode of sharing."""

    code = "mode-not-granted"


class EntryFrozen(Forbidden):
    """The catalogue entry is frozen by order."""

    code = "entry-frozen"


class DepartmentSuspended(Forbidden):
    """A party of the authorisation is suspended."""

    code = "department-suspended"


class Contradictory(Forbidden):
    """The document behind the object says something else than the chain."""

    code = "contradictory"


class AuthorisationNotStarted(Forbidden):
    """The authorisation's first day has not come."""

    code = "authorisation-not-started"


class AuthorisationExpired(Forbidden):
    """The authorisation's last day has passed."""

    code = "authorisation-expired"


class AuthorisationSuspended(Forbidden):
    """The authorisation is suspended or awaits rectification."""

    code = "authorisation-suspended"


class AuthorisationTerminated(Forbidden):
    """The authorisation has ended."""

    code = "authorisation-terminated"


class AuthorisationNotAgreed(Forbidden):
    """The authorisation has not been agreed to."""

    code = "authorisation-not-agreed"


class NotEntitled(Forbidden):
    """The caller's key does not hold the role this asks for."""

    code = "not-entitled"


class QuotaExceeded(LedgerError):
    """Allowed, but no more today; `facts["reset"]` is the end of the Beijing day."""

    code = "quota-calls"


class QuotaCalls(QuotaExceeded):
    """The day's calls are used up."""

    code = "quota-calls"


class QuotaRows(QuotaExceeded):
    """The day's rows are used up."""

    code = "quota-rows"


class QuotaRefusals(QuotaExceeded):
    """The day's refusals of a key that no authorisation counts are used up: nothing is logged."""

    code = "quota-refusals"


class NotFound(LedgerError):
    """No such thing, or not the caller's to know of."""

    code = "not-found"


class AuthorisationUnknown(NotFound):
    """No such authorisation, or not the caller's."""

    code = "authorisation-unknown"


class DocumentUnknown(NotFound):
    """No such document, or not the caller's to read."""

    code = "document-unknown"


class EventUnknown(NotFound):
    """No such event in the log, or not the caller's to read."""

    code = "event-unknown"


class Conflict(LedgerError):
    """The state has moved on, or never allowed it."""

    code = "conflict"


class CallReplayed(Conflict):
    """The event id was used before; `facts["receipt"]` is the first call's receipt."""

    code = "call-replayed"


class DecisionRefused(Conflict):
    """A contract refused a decision; `facts` hold the Solidity error's `name` and `args`."""

    code = "decision-refused"


class TransactionRefused(Conflict):
    """The chain will not take a transaction as it is; `facts["reason"]` says which of the cases.

    "known" (it has it already), "nonce-low", "nonce-gap", or "invalid" for everything else.
    """

    code = "transaction-refused"


class AlreadyExists(Conflict):
    """What is to be created is there already."""

    code = "already-exists"


class VerificationError(LedgerError):
    """A proof does not hold: never retried, always alarmed."""

    code = "verification-failed"


class InclusionInvalid(VerificationError):
    """An inclusion proof does not lead to the root."""

    code = "inclusion-invalid"


class ConsistencyInvalid(VerificationError):
    """A consistency proof does not connect two trees."""

    code = "consistency-invalid"


class CheckpointInvalid(VerificationError):
    """A checkpoint is not signed by the keys registered for its log."""

    code = "checkpoint-invalid"


class ReceiptInvalid(VerificationError):
    """A receipt does not belong to the call, the answer or the log it is said to."""

    code = "receipt-invalid"


class ReceiptNotMerged(VerificationError):
    """A receipt did not become part of the anchored log in time."""

    code = "receipt-not-merged"


class EvidenceInvalid(VerificationError):
    """An evidence bundle does not prove what it claims; `facts["where"]` says which part."""

    code = "evidence-invalid"


class LogTampered(VerificationError):
    """A stored log does not hash to its checkpoint; `facts` name the entry and the department."""

    code = "log-tampered"


class LogIncomplete(VerificationError):
    """A stored log ends before its anchor: whole as far as it goes, and not proven sound."""

    code = "log-incomplete"


class Unavailable(LedgerError):
    """Something we need is not there now."""

    code = "unavailable"
    retryable = True


class SourceUnavailable(Unavailable):
    """The database behind the entry does not answer."""

    code = "source-unavailable"


class LedgerBehind(Unavailable):
    """The read model is behind the chain, or a document it needs has not arrived."""

    code = "ledger-behind"


class LogUnavailable(Unavailable):
    """The log cannot be written: no log entry, no data."""

    code = "log-unavailable"


class Overloaded(Unavailable):
    """Too much is waiting already."""

    code = "overloaded"


class ChainUnavailable(Unavailable):
    """No chain endpoint answers."""

    code = "chain-unavailable"


class PeerUnavailable(Unavailable):
    """Another department's node does not answer."""

    code = "peer-unavailable"


class Fatal(LedgerError):
    """The process must end; going on could do harm."""

    code = "fatal"


class ConfigInvalid(Fatal):
    """The settings name something that is not there or contradict each other."""

    code = "config-invalid"


class SelfTestFailed(Fatal):
    """A cipher does not reproduce its standard's vectors."""

    code = "self-test-failed"


class WrongChain(Fatal):
    """Chain id, genesis, contract code or listed contracts are not the configured ones."""

    code = "wrong-chain"


class ChainTampered(Fatal):
    """The embedded chain's stored blocks do not replay to their hashes."""

    code = "chain-tampered"


class ChainInconsistent(Fatal):
    """A final chain changed, skipped an event or carries a decision whose signature fails."""

    code = "chain-inconsistent"


class LogRolledBack(Fatal):
    """A log on disk is smaller than what was published or anchored."""

    code = "log-rolled-back"


_SAID = {
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EISDIR: "是文件夹，不是文件",
    errno.ENOTDIR: "路径中有一段不是文件夹",
    errno.EEXIST: "已存在",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EFBIG: "文件超过允许的大小",
    errno.EROFS: "磁盘只读",
    errno.EIO: "磁盘读写出错",
    errno.ENAMETOOLONG: "名称过长",
    errno.ELOOP: "符号链接成环",
    errno.EMFILE: "打开的文件过多",
    errno.ENFILE: "系统打开的文件过多",
    errno.EADDRINUSE: "端口已被占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
    errno.ECONNREFUSED: "对方没有在监听",
    errno.ENXIO: "没有这个设备",
}


def reason(error: OSError) -> str:
    """Return why the system refused, in Chinese where we have the words."""
    if isinstance(error, TimeoutError):
        return "对方没有及时应答"
    if isinstance(error, socket.gaierror):
        return "找不到这个主机名"
    return _SAID.get(error.errno or 0) or error.strerror or str(error)


def not_toml(error: Exception) -> str:
    """Say in Chinese where a file is no TOML; the parser's words, which are English, come last."""
    said = str(error)
    place = re.search(r"at line (\d+), column (\d+)", said)
    where = f"第 {place[1]} 行第 {place[2]} 列" if place else "文件"
    if "Unescaped '\\'" in said or "escape" in said:
        return f"{where}：双引号里的反斜杠要写两个，不如改用单引号"
    if "overwrite" in said or "twice" in said or "mutate" in said:
        return f"{where}：同一个键写了两次"
    return f"{where}不合 TOML 格式（漏了引号、逗号或括号；一行一项） / {said}"
