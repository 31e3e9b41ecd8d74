// The file from which Python and these tests take their numbers: it says what the contracts say.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import enumerations from "../../node/protocol/abi/enumerations.json" with { type: "json" };
import { City } from "./harness/city.ts";
import { Steps } from "./harness/enums.ts";

/** Bits, to be combined; the others are numbers, of which one holds. */
const BITS = ["Roles", "Marks", "StepFlags"];

describe("the exported enumerations", () => {
  const { steps, rulings, ...libraries } = enumerations;
  let city: City;
  before(async () => {
    city = await City.deployed();
  });

  it("number from 1 without gaps, or bit by bit, none twice", () => {
    for (const [library, members] of Object.entries(libraries)) {
      const values = Object.values(members);
      if (BITS.includes(library)) {
        // A bit that is no longer used leaves its place empty: it must not mean something else afterwards.
        assert.ok(values.every((value) => Number.isInteger(Math.log2(value))), library);
        assert.equal(new Set(values).size, values.length, library);
      } else assert.deepEqual(values, values.map((_, i) => i + 1), library);
    }
  });

  it("have a row for every step, as the contract has it", async () => {
    const numbers = steps.map(({ step }) => step);
    assert.deepEqual(numbers, Object.values(Steps).toSorted((a, b) => a - b));
    for (const { step, ...row } of steps) {
      assert.deepEqual(await city.chain.read(city.authorisations, "ruleOf", [step]), row);
    }
  });

  it("have the outcomes of disputes, as the contract has them", async () => {
    for (const { state, outcomes } of rulings) {
      assert.equal(await city.chain.read(city.authorisations, "rulingsOf", [state]), outcomes);
    }
  });
});
