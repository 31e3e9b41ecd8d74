#!/usr/bin/env node
// The compiler from npm with the command line of the native one, as far as tools that drive solc need it:
// `--version`, and `--standard-json` with the input on stdin. npm's own solcjs writes a remark before the answer.
"use strict";
const { readFileSync } = require("node:fs");
const solc = require("solc");

const options = process.argv.slice(2);
if (options.includes("--version")) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (options.includes("--standard-json")) {
  // No process.exit() after it: what is large is still being written then.
  process.stdout.write(solc.compile(readFileSync(0, "utf8")));
} else {
  process.stderr.write("usage: solc.cjs --version | --standard-json\n");
  process.exitCode = 1;
}
