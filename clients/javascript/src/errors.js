// What goes wrong, by the stable codes of docs/protocol.md section 7: a caller decides by `code`.

/** Codes a node's problem may have, with status and title. */
const OF_NODES = `
400 malformed-request 请求格式不正确
400 malformed-filter 筛选条件不正确
400 digest-mismatch 内容与摘要不符
400 malformed-key 密钥无效
400 malformed-document 文书格式不正确
400 malformed-envelope 加密信封无法打开
400 malformed-checkpoint 检查点格式不正确
400 malformed-receipt 回执格式不正确
400 malformed-evidence 证据包格式不正确
400 malformed-event 链上事件无法解析
400 malformed-transaction 链上交易格式不正确
400 malformed-table 表格中有不合格的行
401 signature-invalid 签名无效
401 key-revoked 密钥已撤销
401 key-not-in-force 密钥不在有效期内
401 clock-skew 签名时间超出允许范围
403 forbidden 不允许
403 purpose-not-granted 用途未获授权
403 item-not-granted 信息项未获授权
403 filter-not-granted 筛选项未获授权
403 mode-not-granted 共享方式未获授权
403 entry-frozen 目录条目已冻结
403 department-suspended 部门已停用
403 contradictory 文书与链上记录矛盾
403 authorisation-not-started 授权尚未生效
403 authorisation-expired 授权已到期
403 authorisation-suspended 授权已暂停
403 authorisation-terminated 授权已终止
403 authorisation-not-agreed 授权尚未同意
403 not-entitled 没有所需的职责
404 not-found 未找到
404 authorisation-unknown 授权不存在
404 document-unknown 文书不存在
404 event-unknown 调用记录不存在
409 conflict 状态冲突
409 call-replayed 调用编号已被使用
409 decision-refused 合约拒绝了该决定
409 transaction-refused 链不接受该交易
409 already-exists 已存在
409 verification-failed 核验未通过
409 inclusion-invalid 包含证明不成立
409 consistency-invalid 一致性证明不成立
409 checkpoint-invalid 检查点签名不成立
409 receipt-invalid 回执不成立
409 receipt-not-merged 回执未按时并入日志
409 evidence-invalid 证据不成立
409 log-tampered 日志被篡改
409 log-incomplete 日志不完整
429 quota-calls 当日调用次数已用完
429 quota-rows 当日数据行数已用完
429 quota-refusals 当日被拒次数已达上限
500 internal 内部错误
503 unavailable 暂不可用
503 source-unavailable 数据源暂不可用
503 ledger-behind 账本尚未同步
503 log-unavailable 日志暂不可写
503 overloaded 请求过多
503 chain-unavailable 链暂不可用
503 peer-unavailable 对方节点暂不可用`;
/** Codes that only we raise: what ends a node is none of ours, and no peer's word for it is believed. */
const OUR_OWN = `
500 config-invalid 配置不正确
500 self-test-failed 密码自检未通过`;
const rowsOf = (table) => table.trim().split("\n").map((line) => line.split(" "));

/** Code → HTTP status. */
export const STATUSES = new Map(rowsOf(OF_NODES).map(([status, code]) => [code, Number(status)]));
const TITLES = new Map(rowsOf(OF_NODES + OUR_OWN).map(([, code, title]) => [code, title]));

/** Anything this package throws on purpose; whatever is not one of these is a bug. */
export class LedgerError extends Error {
  /** `facts` are a problem's other members; `receipt` among them is the checked receipt of a refusal. */
  constructor(code, message, facts = {}, options = undefined) {
    super(message || code, options);
    this.name = "LedgerError";
    this.code = code;
    this.facts = facts;
    /** Whether the provider said so, its receipt checked; else it is what we found. */
    this.isRefusal = false;
  }

  /** Whether the same may succeed a little later. */
  get retryable() {
    return STATUSES.get(this.code) === 503;
  }

  /** What the code means, in Chinese. */
  get title() {
    return TITLES.get(this.code);
  }

  get receipt() {
    return this.facts.receipt;
  }
}

export const isNotFound = (error) => error instanceof LedgerError && STATUSES.get(error.code) === 404;

/** Throw the code, unless the fact holds. */
export function must(holds, code, problem) {
  if (!holds) throw new LedgerError(code, problem);
}

/** Members of a problem that are no facts: RFC 9457's own. */
const NO_FACTS = new Set(["type", "title", "titleEn", "status", "detail", "detailEn", "code"]);
const SERVER_ERROR = 500;

/** The error that an answer of `status` stands for; a code that is none of a peer's is never believed. */
export function errorOf(status, problem, url) {
  const members = problem !== null && typeof problem === "object" && !Array.isArray(problem) ? problem : {};
  const unknown = status >= SERVER_ERROR ? "peer-unavailable" : "malformed-request";
  const code = STATUSES.has(members.code) ? members.code : unknown;
  const facts = Object.fromEntries(Object.entries(members).filter(([name]) => !NO_FACTS.has(name)));
  const detail = String(members.detail || `${url} answered ${status}`);
  const both = typeof members.detailEn === "string" ? `${detail} / ${members.detailEn}` : detail;
  return new LedgerError(code, both, facts);
}
