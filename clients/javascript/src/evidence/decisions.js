// The contracts' events and the decisions behind them: ABI and EIP-712 (docs/protocol.md 3.1, 3.2, 8.1). Numbers are
// BigInt, bytes32 and addresses hex, lists arrays, structs objects.
import text from "#decisions";

import { keccak256, number, word } from "../bytes.js";
import { hold } from "./refusing.js";

/** Event → its decision; `Anchored` and `LogFrozen` are none. */
const STRUCTS = new Map(
  `DepartmentEnrolled EnrolDepartment DepartmentUpdated UpdateDepartment DepartmentStatusSet SetDepartmentStatus
  KeyRecovered RecoverKey KeyAdded AddKey KeyRevoked RevokeKey RolesGranted GrantRoles
  ApplicationRegistered RegisterApplication ContractListed ListContract VersionsSubmitted SubmitVersions
  VersionsReviewed ReviewVersions StandingReplySet SetStandingReply WithdrawalSubmitted SubmitWithdrawal
  WithdrawalReviewed ReviewWithdrawal FreezeOrdered FreezeEntry FreezeLifted UnfreezeEntry Applied ApplyFor
  Replied Reply Advanced Step Changed Change LogRegistered RegisterLog LogSuperseded SupersedeLog`
    .split(/\s+/)
    .reduce((pairs, name, at, all) => (at % 2 ? pairs : [...pairs, [name, all[at + 1]]]), []),
);
const [TYPES, EVENTS] = readTables();

/** The types of decisions by name, and the events by contract and topic. */
function readTables() {
  const [types, events] = text.trimEnd().split("\n\n").map((part) => part.split("\n"));
  const named = types.filter((line) => !line.startsWith("#")).map((line) => [line.slice(0, line.indexOf("(")), line]);
  const byTopic = events.map((line) => {
    const [, contract, name, inside] = /^(\w+) (\w+)\((.*)\)$/.exec(line);
    const members = membersOf(inside);
    const topic = keccak256(Buffer.from(name + canonical(members))).toString("hex");
    return [`${contract} ${topic}`, { contract, name, members }];
  });
  return [new Map(named), new Map(byTopic)];
}

/** `type name`, separated by commas; a struct's members stand in brackets, an indexed one has a star. */
function membersOf(text) {
  const [members, inside] = [[], { depth: 0, from: 0 }];
  for (let at = 0; at <= text.length; at++) {
    const sign = text[at] ?? ",";
    inside.depth += sign === "(" ? 1 : sign === ")" ? -1 : 0;
    if (sign !== "," || inside.depth > 0) continue;
    const [, whole, name, star] = /^(.*) (\w+)(\*?)$/.exec(text.slice(inside.from, at).trim());
    const list = whole.endsWith("[]");
    const base = list ? whole.slice(0, -2) : whole;
    const tuple = base.startsWith("(") ? membersOf(base.slice(1, -1)) : undefined;
    members.push({ name, base, list, tuple, indexed: star === "*" });
    inside.from = at + 1;
  }
  return members;
}

function canonical(members) {
  return `(${members.map(({ base, list, tuple }) => (tuple ? canonical(tuple) : base) + (list ? "[]" : "")).join()})`;
}

/** Decode a log of a contract as one of its events. */
export function decodeEvent(contract, log, header, place) {
  const type = EVENTS.get(`${contract} ${log.topics[0]}`);
  hold(type, place, `no event of ${contract}`);
  const indexed = type.members.filter((member) => member.indexed);
  hold(log.topics.length === 1 + indexed.length, place, "a topic too few or too many");
  const args = tuple(type.members.filter((member) => !member.indexed), log.data, 0, place);
  indexed.forEach((member, at) => {
    args[member.name] = valueOf(member.base, Buffer.from(log.topics[at + 1], "hex"), place);
  });
  const { number: block, timestamp: time } = header;
  return { contract, name: type.name, struct: STRUCTS.get(type.name), args, block, time, place: `${place} (${type.name})` };
}

function tuple(members, data, start, where) {
  const values = {};
  members.forEach((member, at) => {
    const from = start + 32 * at;
    values[member.name] = member.list
      ? list(member, data, start + offset(data, from, where), where)
      : valueOf(member.base, slice(data, from, where), where);
  });
  return values;
}

function list(member, data, at, where) {
  const count = offset(data, at, where);
  const width = 32 * (member.tuple?.length ?? 1);
  hold(count <= (data.length - at - 32) / width, where, "a list that is cut");
  return Array.from({ length: count }, (_, place) => {
    const from = at + 32 + place * width;
    return member.tuple ? tuple(member.tuple, data, from, where) : valueOf(member.base, slice(data, from, where), where);
  });
}

function offset(data, at, where) {
  const value = number(slice(data, at, where));
  hold(value <= BigInt(data.length), where, "an offset outside the data");
  return Number(value);
}

function slice(data, at, where) {
  hold(at >= 0 && at + 32 <= data.length, where, "the data is cut");
  return data.subarray(at, at + 32);
}

function valueOf(base, bytes, where) {
  const value = number(bytes);
  if (base === "bytes32") return bytes.toString("hex");
  const bits = base === "address" ? 160n : base === "bool" ? 1n : BigInt(base.slice("uint".length));
  hold(value >> bits === 0n, where, `more than ${base}`);
  if (base === "address") return bytes.toString("hex").slice(24);
  return base === "bool" ? value === 1n : value;
}

const hash = (...parts) => keccak256(Buffer.concat(parts));
const ascii = (text) => Buffer.from(text, "ascii");
const DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

/** The 85 bytes that are signed for the decision of an event of the contract at `address` (EIP-712). */
export function signedText({ struct, args }, chainId, address) {
  const texts = [DOMAIN, "ShareLedger", "1"].map((text) => hash(ascii(text)));
  const domain = hash(...texts, word(BigInt(chainId)), encode("address", address));
  return `ShareLedger-decision:${hash(Buffer.from([0x19, 1]), domain, structHash(TYPES.get(struct), struct, args)).toString("hex")}`;
}

/** The members of a decision's struct in the ABI's order: `{name, type, parts}`, parts those of a list's elements. */
export function membersOfStruct(struct) {
  const whole = TYPES.get(struct);
  hold(whole !== undefined, "kind", "no such decision");
  const read = (name) => {
    const from = whole.startsWith(`${name}(`) ? 0 : whole.indexOf(`)${name}(`) + 1;
    const inside = whole.slice(whole.indexOf("(", from) + 1, whole.indexOf(")", from));
    return inside.split(",").map((member) => {
      const [type, called] = member.split(" ");
      return { name: called, type, parts: type.endsWith("[]") ? read(type.slice(0, -2)) : undefined };
    });
  };
  return read(struct);
}

/** The hash of a struct; the type that is hashed names those it holds after it, an inner one stands alone. */
function structHash(whole, name, values) {
  const inner = whole.startsWith(`${name}(`) ? 0 : whole.indexOf(`)${name}(`) + 1;
  const close = whole.indexOf(")", inner);
  const parts = [hash(ascii(inner === 0 ? whole : whole.slice(inner, close + 1)))];
  for (const member of whole.slice(whole.indexOf("(", inner) + 1, close).split(",")) {
    const [type, field] = member.split(" ");
    const value = values[field];
    if (type.endsWith("[]")) parts.push(hash(...value.map((each) => structHash(whole, type.slice(0, -2), each))));
    else parts.push(encode(type, value));
  }
  return hash(...parts);
}

function encode(type, value) {
  if (type === "bytes32") return Buffer.from(value, "hex");
  if (type === "address") return Buffer.from(value.padStart(64, "0"), "hex");
  return word(BigInt(value));
}
