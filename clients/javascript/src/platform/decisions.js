// The table of decisions and events as Node reads it; a page has it built in (package.json, imports).
import { readFileSync } from "node:fs";

export default readFileSync(new URL("../evidence/decisions.txt", import.meta.url), "utf8");
