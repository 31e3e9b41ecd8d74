// How a bundle is refused: one code, and the place where it does not hold.
import { LedgerError } from "../errors.js";

export const CODE = "evidence-invalid";
export const ZERO = "0".repeat(64);

/** Refuse the bundle at a place, unless the fact holds. */
export function hold(holds, where, problem) {
  if (!holds) throw new LedgerError(CODE, `${where}: ${problem}`, { where });
}

/** What `act` returns; whatever of ours it throws makes the bundle invalid at a place. */
export function within(where, act) {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof LedgerError) || error.facts.where !== undefined) throw error;
    throw new LedgerError(CODE, `${where}: ${error.message}`, { where }, { cause: error });
  }
}
