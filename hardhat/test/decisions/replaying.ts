// A signature works once, here and soon: every decision of every contract, sent where or when it is not meant for.
import assert from "node:assert/strict";
import { before, beforeEach, it } from "node:test";
import { DAY, type Fields, refuses } from "../harness/chain.ts";
import { type City, DATA, POLICE, POLICE_HEAD, POLICE_OFFICE, ROOT } from "../harness/city.ts";
import { type Decision, everyDecision, undecided } from "../harness/decisions.ts";
import { keyNamed } from "../harness/sm2.ts";

export function describeReplay(): void {
  let city: City;
  let decisions: Decision[];
  let restore: () => Promise<void>;
  before(async () => {
    city = await undecided();
    decisions = await everyDecision(city);
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  /** Expect that the signature among these arguments is none of the key's over the decision, as `contract` hashes it. */
  async function refusesSignature(contract: City["registry"], name: string, args: unknown[]): Promise<void> {
    const [decision, { key, r, s }] = args as [Fields, Fields];
    const expected = [key, city.chain.hash(contract, name, decision), r, s];
    await refuses(city.chain.send(contract, name, args), "SignatureRefused", expected);
  }

  it("is refused word for word, in every contract", async () => {
    assert.equal(new Set(decisions.map(({ target }) => target)).size, 4);
    for (const { target, name, message, signer, twist } of decisions) {
      const args = city.chain.sign(city[target], name, { ...message, nonce: 77n }, signer, twist);
      await city.chain.send(city[target], name, args);
      // Before anything else, for the decision has changed what else there is to look at.
      await refuses(city.chain.send(city[target], name, args), "NonceSpent", [signer.id, 77n]);
      await restore();
    }
  });

  it("is refused with a nonce that another decision of the key has used", async () => {
    await city.grantRoles(POLICE, POLICE_OFFICE.id, 0, POLICE_HEAD, { nonce: 77n });
    const second = city.revokeKey(POLICE_OFFICE.id, POLICE_HEAD, { nonce: 77n });
    await refuses(second, "NonceSpent", [POLICE_HEAD.id, 77n]);
  });

  it("is refused after its last second, and only then", async () => {
    for (const { target, name, message, signer, twist } of decisions) {
      const notAfter = city.chain.now + 100n;
      const args = city.chain.sign(city[target], name, { ...message, notAfter }, signer, twist);
      city.chain.now = notAfter;
      await refuses(city.chain.send(city[target], name, args), "DecisionExpired", [notAfter, notAfter + 1n]);
      await restore();
      city.chain.now = notAfter - 1n;
      assert.equal((await city.chain.send(city[target], name, args)).events.length, 1, name);
      await restore();
    }
  });

  it("is refused where it was signed for another contract: a sibling, or a stranger's copy", async () => {
    for (const { target, name, message, signer, twist } of decisions) {
      const sibling = target === "anchors" ? city.registry : city.anchors;
      for (const verifyingContract of [sibling.address, city.chain.other]) {
        const args = city.chain.sign(city[target], name, message, signer, { ...twist, verifyingContract });
        await refusesSignature(city[target], name, args);
      }
    }
  });

  it("is refused where it was signed for a chain with another id", async () => {
    for (const { target, name, message, signer, twist } of decisions) {
      const args = city.chain.sign(city[target], name, message, signer, { ...twist, chainId: city.chain.chainId + 1 });
      await refusesSignature(city[target], name, args);
    }
  });

  it("is refused in a copy of the registry with the same root key, word for word", async () => {
    const twin = await city.chain.deploy("DepartmentRegistry", [city.verifier.address, ROOT.x, ROOT.y]);
    const head = keyNamed("twin head");
    const message = { ...city.enrolMessage(DATA, head, { mayEnrol: true }), notAfter: city.chain.now + DAY };
    const args = city.chain.sign(city.registry, "enrolDepartment", message, ROOT, { possession: head });
    await refusesSignature(twin, "enrolDepartment", args);
  });
}
