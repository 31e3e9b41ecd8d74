// That a contract's tests leave nothing of its ABI out: every function called, every event and error expected with all
// its values. `refuses` and `emits` of chain.ts do the noting; a test file ends with one of the tests declared here.
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Abi } from "viem";
import { artifactOf, isExercised } from "./chain.ts";

const CONTRACTS = ["DepartmentRegistry", "CatalogueRegistry", "ShareAuthorisations", "AccessAnchors"];

/** Of OpenZeppelin's EIP712: the domain never changes, and its name is short. */
const UNREACHABLE = ["event EIP712DomainChanged", "error InvalidShortString", "error StringTooLong"];

/** Functions, events and errors of an ABI, as "<type> <name>". */
function membersOf(abi: Abi): string[] {
  return abi.flatMap((item) => ("name" in item ? [`${item.type} ${item.name}`] : []));
}

/** What every contract inherits; its tests are those of SignedDecision. */
function sharedMembers(): string[] {
  return [...membersOf(artifactOf("ISignedDecision", "interfaces/").abi), "function eip712Domain"];
}

function isMissing(contracts: readonly string[], member: string): boolean {
  const [type, name] = member.split(" ") as [string, string];
  return !contracts.some((contract) => isExercised(contract, type, name));
}

/**
 * Declare the last test of a contract's file.
 *
 * `inherited` names the errors of ISignedDecision that the contract throws itself: they count as its own.
 */
export function itLeavesNothingOut(contract: string, inherited: readonly string[] = []): void {
  it("has tests for every function, event and error in its ABI", () => {
    const errors = inherited.map((name) => `error ${name}`);
    const shared = new Set(sharedMembers());
    const own = membersOf(artifactOf(contract).abi).filter((one) => !shared.has(one) && !UNREACHABLE.includes(one));
    assert.deepEqual([...own, ...errors].filter((one) => isMissing([contract], one)), []);
  });
}

/** Declare the last test of SignedDecision's file; `elsewhere` names the errors only the contracts throw. */
export function itLeavesNothingSharedOut(elsewhere: readonly string[]): void {
  it("has tests for every function, event and error that the contracts inherit", () => {
    const errors = elsewhere.map((name) => `error ${name}`);
    const members = sharedMembers().filter((one) => !errors.includes(one));
    assert.deepEqual(members.filter((one) => isMissing(CONTRACTS, one)), []);
  });
}
