// Types of shareledger-client. Byte strings are Buffers; ids and digests are lower-case hex; times are seconds.

/** Signs the text of a call with SM2 (r‖s or DER); a device's driver can stand in for SoftwareSigner. */
export interface Signer {
  /** keccak(x‖y) of the public key, 64 hex. */
  readonly keyid: string;
  sign(text: string): Uint8Array | Promise<Uint8Array>;
}

/** Opens the 16-byte data key wrapped to its encryption key (GM/T 0009 DER). */
export interface Opener {
  readonly keyid: string;
  unwrap(der: Uint8Array): Buffer | Promise<Buffer>;
}

/** A signing key in this process; it is neither printed nor serialised. */
export class SoftwareSigner implements Signer {
  /** Of 32 bytes d; throws `malformed-key`. */
  constructor(d: Uint8Array);
  readonly keyid: string;
  /** The public key x‖y. */
  readonly raw: Buffer;
  sign(text: string): Buffer;
}

/** An encryption key in this process; it is neither printed nor serialised. */
export class SoftwareOpener implements Opener {
  constructor(d: Uint8Array);
  readonly keyid: string;
  readonly raw: Buffer;
  unwrap(der: Uint8Array): Buffer;
}

/** Read a key file: PKCS#8 or SEC1, PEM or DER, as common tools write them; throws `malformed-key`. */
export function loadSigner(path: string, password: string | Uint8Array): Promise<SoftwareSigner>;
export function loadOpener(path: string, password: string | Uint8Array): Promise<SoftwareOpener>;

export type Value = string | number | boolean;
/** Comparisons by item code, all of which must hold (docs/protocol.md 4.6). */
export type Where = Record<
  string,
  { eq?: Value; ge?: Value; le?: Value; in?: readonly Value[]; prefix?: string }
>;

export interface Query {
  /** Code of the purpose that was agreed to. */
  purpose: string;
  items: readonly string[];
  where?: Where;
  /** Rows a page, 100 unless given. */
  size?: number;
  /** `next` of the page before. */
  after?: string | null;
  /** Who asks, and for which case, in the consumer's own words. */
  operator: string;
  matter: string;
}

/** A signed request; sending it again sends the same bytes. */
export interface SignedRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: Buffer;
  /** Second of the signature; a node takes it for 300 s. */
  created: number;
  nonce: string;
  /** The signed text. */
  base: string;
  signature: string;
  event: string;
}

/** A call, ready to be sent any number of times. */
export interface Asked {
  request: SignedRequest;
  authorisation: number;
  items: string[];
  operator: string;
  matter: string;
}

export interface Answer {
  rows: Record<string, Value | null>[];
  /** What `after` takes for the following page; null on the last. */
  next: string | null;
  masked: string[];
  /** When the source was read, RFC 3339 UTC. */
  asOf: string;
  event: string;
  receipt: Receipt;
  /** File of the kept receipt; undefined without a folder. */
  kept: string | undefined;
  /** Advisory: the provider's word, not signed. */
  remaining: { calls: number; rows: number };
  asked: Asked;
}

export interface Anchored {
  chainId: number;
  /** Address of AccessAnchors, 40 hex. */
  contract: string;
  tx: string;
  block: number;
  blockHash: string;
  size: number;
  consistency: string[];
}

/** A leaf, its inclusion proof and the signed checkpoint (docs/protocol.md 6.4). */
export class Receipt {
  /** Of its JSON object; throws `malformed-receipt`. */
  constructor(value: unknown);
  /** Of the canonical JSON in a file. */
  static parse(bytes: Uint8Array): Receipt;
  readonly leafBytes: Buffer;
  /** The leaf's members, as they are written (6.1). */
  readonly leaf: Record<string, unknown> & { event: string; outcome: string; at: number; judged: number };
  readonly event: string;
  readonly index: number;
  readonly size: number;
  readonly proof: Buffer[];
  readonly checkpoint: { origin: string; size: number; root: Buffer };
  readonly log: { department: string; generation: number };
  /** There once the chain has reached it: the receipt is final. */
  readonly anchored: Anchored | undefined;
  /** Reserved; nothing in this package verifies it. */
  readonly witnessed: { checkpoint: string; consistency: string[] } | undefined;
  /** Its canonical JSON. */
  readonly bytes: Buffer;
  toJSON(): unknown;
}

export interface LogKeys {
  origin: string;
  pairs: { sm2: Uint8Array; ed25519: Uint8Array }[];
}

/** Check a receipt by a log's keys, without any node. */
export function verifyReceipt(receipt: Receipt, log: LogKeys): void;
/** Check that the receipt's tree begins the anchored one; `root` is the chain's for that anchor. */
export function verifyAnchored(receipt: Receipt, root: Buffer): void;

/** How requests are sent; a subclass may answer by itself. */
export class Http {
  constructor(bounds?: Settings["bounds"], tls?: Settings["tls"]);
  send(request: SignedRequest): Promise<{ ok: boolean; status: number; value: unknown }>;
  close(): void;
}

/** What an evidence bundle proves (docs/evidence.md 3.9). */
export interface Report {
  verdict: "proven" | "undetermined" | "incomplete";
  event: string;
  outcome: string;
  authorisation: number;
  explanation: string;
}

/**
 * Verify an evidence bundle offline by a trust file, both as bytes. Throws `evidence-invalid`, whose `facts.where` names
 * the place that does not hold, and `malformed-evidence` for a trust file that is none. `told` is called with the name of
 * each check once it holds, in their order, and with how many of its things there are.
 */
export function verifyEvidence(
  bundle: Uint8Array,
  trust: Uint8Array,
  told?: (stage: string, count: number) => void,
): Report;

/** What the chain holds of a log at one size; where it stands as far as that is told, as in a receipt's `anchored`. */
export interface Anchor {
  root: Buffer;
  chainId?: number;
  contract?: string;
  tx?: string;
  block?: number;
  blockHash?: string;
}

/** What receipts are held against; each method rejects with `not-found` for what it does not know. */
export interface Trust {
  logKeys(department: string, when?: { generation?: number; at?: number }): Promise<LogKeys>;
  grant(authorisation: number): Promise<{ provider: string; entry: string; version: number; itemCodes: string[] }>;
  anchoredSize(department: string, generation: number): Promise<number>;
  anchor(department: string, generation: number, size: number): Promise<Anchor>;
}

/** A folder of receipts: files of mode 0600, on the disk before `keep` resolves. */
export class ReceiptFolder {
  constructor(path: string);
  readonly path: string;
  keep(receipt: Receipt): Promise<string>;
  list(): AsyncGenerator<{ path: string; receipt: Receipt; error?: undefined } | { path: string; receipt?: undefined; error: LedgerError }>;
}

export interface Settings {
  /** URL of the node that is called. */
  provider: string;
  /** URL of the consumer's own node, which is believed. */
  own: string;
  signer: Signer;
  opener: Opener;
  /** Keeps the receipt of every answer and refusal before it is handed out. */
  receipts?: ReceiptFolder;
  /** The provider's registered `name:port`, where it is reached under another. */
  authority?: string;
  bounds?: { attempts?: number; stepSeconds?: number; answerSeconds?: number; answerBytes?: number };
  /** For https: `ca`, `cert`, `key` as node:https takes them. */
  tls?: { ca?: string | Buffer; cert?: string | Buffer; key?: string | Buffer };
  /** Stands in for `own`. */
  trust?: Trust;
  /** Stands in for the network. */
  http?: Http;
}

export class LedgerClient {
  constructor(settings: Settings);
  prepare(authorisation: number, query: Query, signed?: { created: number; nonce: string }): Promise<Asked>;
  query(authorisation: number, query: Query): Promise<Answer>;
  pages(authorisation: number, query: Query): AsyncGenerator<Answer>;
  send(asked: Asked): Promise<Answer>;
  resend(answer: Answer): Promise<Answer>;
  judge(asked: Asked, came: { ok: boolean; status: number; value: unknown }): Promise<Answer>;
  verify(receipt: Receipt): Promise<void>;
  fetchReceipt(receipt: Receipt): Promise<Receipt>;
  upgrade(receipt: Receipt): Promise<Receipt>;
  waitAnchored(receipt: Receipt, timeoutSeconds?: number): Promise<Receipt>;
  upgradeKept(): Promise<{ upgraded: number; waiting: number; failed: { path: string; error: LedgerError }[] }>;
  close(): void;
}

/** Anything this package throws on purpose; decide by `code` (docs/protocol.md section 7). */
export class LedgerError extends Error {
  constructor(code: string, message?: string, facts?: Record<string, unknown>, options?: { cause?: unknown });
  readonly code: string;
  readonly facts: Record<string, unknown>;
  readonly retryable: boolean;
  /** What the code means, in Chinese. */
  readonly title: string;
  /** Whether the provider said so; else it is what we found. */
  readonly isRefusal: boolean;
  /** Of a refusal: its receipt, checked. */
  readonly receipt: Receipt | undefined;
}

/** Every code a node may answer, with its HTTP status. */
export const STATUSES: ReadonlyMap<string, number>;
