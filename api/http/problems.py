"""The one table from an error to its HTTP status and titles, and its problem+json (RFC 9457).

The domain knows no HTTP and this module no domain: it sees the class, the code and the facts. An
error that is not in the tree is a bug: 500, nothing of it told outside, all of it logged.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.wording import chinese_of
from node.errors import (
    Conflict,
    Fatal,
    Forbidden,
    InvalidInput,
    LedgerError,
    NotFound,
    QuotaExceeded,
    Unauthenticated,
    Unavailable,
    VerificationError,
)
from node.protocol.wire.characters import visible

from . import verbs

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1
"""What a caller is asked to wait after a 503; a quota says its own."""
METHOD_NOT_ALLOWED = 405
TOO_MANY_REQUESTS = 429
INTERNAL = 500

STATUSES: dict[type[LedgerError], int] = {
    InvalidInput: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    VerificationError: 409,
    QuotaExceeded: TOO_MANY_REQUESTS,
    Unavailable: 503,
    Fatal: INTERNAL,
    LedgerError: INTERNAL,
}


@dataclass(frozen=True, slots=True)
class Title:
    """What a code is called."""

    chinese: str
    english: str


TITLES: dict[str, Title] = {
    "internal": Title("内部错误", "Internal error"),
    "malformed-request": Title("请求格式不正确", "Malformed request"),
    "malformed-filter": Title("筛选条件不正确", "Malformed filter"),
    "digest-mismatch": Title("内容与摘要不符", "Content does not match its digest"),
    "malformed-key": Title("密钥无效", "Malformed key"),
    "malformed-document": Title("文书格式不正确", "Malformed document"),
    "malformed-envelope": Title("加密信封无法打开", "Malformed envelope"),
    "malformed-checkpoint": Title("检查点格式不正确", "Malformed checkpoint"),
    "malformed-receipt": Title("回执格式不正确", "Malformed receipt"),
    "malformed-evidence": Title("证据包格式不正确", "Malformed evidence"),
    "malformed-event": Title("链上事件无法解析", "Malformed chain event"),
    "malformed-transaction": Title("链上交易格式不正确", "Malformed transaction"),
    "malformed-table": Title("表格中有不合格的行", "Malformed table"),
    "signature-invalid": Title("签名无效", "Signature invalid"),
    "key-revoked": Title("密钥已撤销", "Key revoked"),
    "key-not-in-force": Title("密钥不在有效期内", "Key not in force"),
    "clock-skew": Title("签名时间超出允许范围", "Signed too early or too late"),
    "forbidden": Title("不允许", "Forbidden"),
    "purpose-not-granted": Title("用途未获授权", "Purpose not granted"),
    "item-not-granted": Title("信息项未获授权", "Item not granted"),
    "filter-not-granted": Title("筛选项未获授权", "Filter not granted"),
    "mode-not-granted": Title("共享方式未获授权", "Mode not granted"),
    "entry-frozen": Title("目录条目已冻结", "Entry frozen"),
    "department-suspended": Title("部门已停用", "Department suspended"),
    "contradictory": Title("文书与链上记录矛盾", "Document contradicts the chain"),
    "authorisation-not-started": Title("授权尚未生效", "Authorisation not started"),
    "authorisation-expired": Title("授权已到期", "Authorisation expired"),
    "authorisation-suspended": Title("授权已暂停", "Authorisation suspended"),
    "authorisation-terminated": Title("授权已终止", "Authorisation terminated"),
    "authorisation-not-agreed": Title("授权尚未同意", "Authorisation not agreed"),
    "not-entitled": Title("没有所需的职责", "Not entitled"),
    "quota-calls": Title("当日调用次数已用完", "Daily calls used up"),
    "quota-rows": Title("当日数据行数已用完", "Daily rows used up"),
    "quota-refusals": Title("当日被拒次数已达上限", "Daily refusals used up"),
    "not-found": Title("未找到", "Not found"),
    "authorisation-unknown": Title("授权不存在", "Authorisation unknown"),
    "document-unknown": Title("文书不存在", "Document unknown"),
    "event-unknown": Title("调用记录不存在", "Event unknown"),
    "conflict": Title("状态冲突", "Conflict"),
    "call-replayed": Title("调用编号已被使用", "Call replayed"),
    "decision-refused": Title("合约拒绝了该决定", "Decision refused by the contract"),
    "transaction-refused": Title("链不接受该交易", "Transaction refused by the chain"),
    "already-exists": Title("已存在", "Already exists"),
    "verification-failed": Title("核验未通过", "Verification failed"),
    "inclusion-invalid": Title("包含证明不成立", "Inclusion proof invalid"),
    "consistency-invalid": Title("一致性证明不成立", "Consistency proof invalid"),
    "checkpoint-invalid": Title("检查点签名不成立", "Checkpoint invalid"),
    "receipt-invalid": Title("回执不成立", "Receipt invalid"),
    "receipt-not-merged": Title("回执未按时并入日志", "Receipt not merged in time"),
    "evidence-invalid": Title("证据不成立", "Evidence invalid"),
    "log-tampered": Title("日志被篡改", "Log tampered with"),
    "log-incomplete": Title("日志不完整", "Log incomplete"),
    "unavailable": Title("暂不可用", "Unavailable"),
    "source-unavailable": Title("数据源暂不可用", "Source unavailable"),
    "ledger-behind": Title("账本尚未同步", "Ledger behind"),
    "log-unavailable": Title("日志暂不可写", "Log unavailable"),
    "overloaded": Title("请求过多", "Overloaded"),
    "chain-unavailable": Title("链暂不可用", "Chain unavailable"),
    "peer-unavailable": Title("对方节点暂不可用", "Peer unavailable"),
    "fatal": Title("节点必须停止", "Node must stop"),
    "config-invalid": Title("配置不正确", "Configuration invalid"),
    "self-test-failed": Title("密码自检未通过", "Cipher self-test failed"),
    "wrong-chain": Title("不是配置的链", "Wrong chain"),
    "chain-tampered": Title("链数据被篡改", "Chain tampered with"),
    "chain-inconsistent": Title("链前后不一致", "Chain inconsistent"),
    "log-rolled-back": Title("日志被回退", "Log rolled back"),
}


def status_of(kind: type[LedgerError]) -> int:
    """Return the HTTP status of an error class: its own line of the table, or its family's."""
    return next(STATUSES[base] for base in kind.__mro__ if base in STATUSES)


def title_of(code: str) -> Title:
    """Return what a code is called in Chinese and English."""
    return TITLES[code]


def problem(error: LedgerError, status: int | None = None) -> dict[str, object]:
    """Return the members of an error's problem+json."""
    title, detail = title_of(error.code), visible(chinese_of(error))
    english = {} if detail == visible(error.message) else {"detailEn": visible(error.message)}
    return {
        **{name: _plain(value) for name, value in error.facts.items()},
        "type": f"urn:shareledger:problem:{error.code}",
        "title": title.chinese,
        "titleEn": title.english,
        "status": status or status_of(type(error)),
        "detail": detail,
        **english,
        "code": error.code,
    }


def problem_response(error: LedgerError, status: int | None = None) -> Response:
    """Return an error as the answer of a route."""
    members = problem(error, status)
    return Response(
        # What a caller sent may hold half a surrogate pair; its escape is JSON, too.
        json.dumps(members, ensure_ascii=False).encode(errors="backslashreplace"),
        status_code=status or status_of(type(error)),
        media_type=MEDIA_TYPE,
        headers=_headers(error),
    )


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem+json."""
    app.add_exception_handler(LedgerError, _ledger_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


def respond(error: LedgerError) -> Response:
    """Return an error as the answer of a route; one with a cause on our side is logged as well."""
    if error.__cause__ is not None and status_of(type(error)) >= INTERNAL:
        logger.warning("%s: %s", error.code, error, exc_info=error)
    return problem_response(error)


async def _ledger_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, LedgerError):
        raise error
    return respond(error)


async def _validation_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    # What was wrong and where; never FastAPI's own shape, nor the value, which may name people.
    wrong = [".".join(str(part) for part in each["loc"]) for each in error.errors()]
    detail = "; ".join(
        f"{place}: {each['msg']}" for place, each in zip(wrong, error.errors(), strict=True)
    )
    said = f"{'、'.join(wrong)} 的值不合规定，格式见 /openapi.json / {detail}"
    return problem_response(InvalidInput(said, members=wrong))


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == status_of(NotFound):
        return problem_response(
            NotFound("there is nothing at this address; GET /openapi.json lists those there are")
        )
    if error.status_code != METHOD_NOT_ALLOWED:
        response = problem_response(InvalidInput(error.detail), error.status_code)
        response.headers.update(error.headers or {})
        return response
    if request.method == "OPTIONS":
        return verbs.options(request)
    allowed = verbs.allowed(request)
    response = problem_response(
        InvalidInput(f"this address does not take {visible(request.method)}; use {allowed}"),
        METHOD_NOT_ALLOWED,
    )
    response.headers["Allow"] = allowed
    return response


async def _gone(_request: Request, _error: Exception) -> Response:
    """Answer nobody, and log nothing: strangers would fill the log by hanging up."""
    return Response(status_code=400)


async def _unexpected(request: Request, error: Exception) -> Response:
    logger.error(
        "应答 %s %s 时出错 / answering failed",
        request.method,
        visible(request.url.path),
        exc_info=error,
    )
    return problem_response(LedgerError("something went wrong on our side; it is logged"))


def _headers(error: LedgerError) -> dict[str, str]:
    """Return what HTTP itself wants said about an error (RFC 9110)."""
    if isinstance(error, QuotaExceeded):
        return {"Retry-After": str(_seconds_until(error.facts.get("reset")))}
    if isinstance(error, Unavailable):
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    if isinstance(error, Unauthenticated):
        # 401 must carry a challenge; the profile's name is the scheme.
        return {"WWW-Authenticate": 'Signature realm="gdsl-1"'}
    return {}


def _seconds_until(moment: object) -> int:
    if not isinstance(moment, str):
        return RETRY_AFTER_SECONDS
    ahead = datetime.fromisoformat(moment) - datetime.now(UTC)
    return max(RETRY_AFTER_SECONDS, int(ahead.total_seconds()) + 1)


def _plain(value: object) -> object:
    """Return a fact as JSON has it; bytes are hex at the edge."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)
