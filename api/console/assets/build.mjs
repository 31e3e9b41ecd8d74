// What the console's pages load, built from src/ into ../static: hashed names, a manifest, gzip beside.
//
// Every file at the top of src/ is loaded by pages under its own name; folders hold what these
// import. Nothing is fetched here: all comes from node_modules, by the lock file.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const OUT = join(import.meta.dirname, "..", "static");
const HALF = `${OUT}.half`;
const SRC = join(import.meta.dirname, "src");
const BUFFER = join(SRC, "parts", "buffer.js");
// What civil servants' browsers are: Chromium of 2020 under many names.
const TARGET = ["chrome86", "firefox91"];

// The client's modules (clients/javascript) are ours, too: #platform is the browser's there.
const OURS = {
  absWorkingDir: import.meta.dirname,
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  charset: "utf8",
  target: TARGET,
  conditions: ["browser"],
  nodePaths: [join(import.meta.dirname, "node_modules")],
  loader: { ".woff2": "file", ".svg": "file", ".txt": "text" },
  plugins: [{ name: "Buffer where it is used", setup: ({ onLoad }) => void onLoad({ filter: /\.js$/ }, withBuffer) }],
  legalComments: "none",
  logLevel: "warning",
};

/** What speaks of bytes as Node does gets npm's `Buffer`; nothing else carries it. */
function withBuffer({ path }) {
  const text = readFileSync(path, "utf8");
  if (path.includes("node_modules") || path === BUFFER || !/\bBuffer\b/.test(text)) return undefined;
  return { contents: `import { Buffer } from ${JSON.stringify(BUFFER)};\n${text}` };
}

rmSync(HALF, { recursive: true, force: true });
mkdirSync(HALF, { recursive: true });
const built = await build({
  entryPoints: readdirSync(SRC)
    .filter((name) => [".css", ".js", ".ts"].includes(extname(name)))
    .map((name) => join(SRC, name)),
  outdir: HALF,
  splitting: true,
  entryNames: "[name]-[hash]",
  chunkNames: "part-[hash]",
  assetNames: "[name]-[hash]",
  ...OURS,
  metafile: true,
});
const manifest = {};
for (const [path, made] of Object.entries(built.metafile.outputs)) {
  if (made.entryPoint) {
    const from = basename(made.entryPoint);
    manifest[from.replace(/\.ts$/, ".js")] = basename(path);
  }
}
for (const name of readdirSync(join(SRC, "images"))) {
  const data = readFileSync(join(SRC, "images", name));
  const mark = createHash("sha256").update(data).digest("hex").slice(0, 8).toUpperCase();
  const hashed = `${basename(name, extname(name))}-${mark}${extname(name)}`;
  writeFileSync(join(HALF, hashed), data);
  manifest[name] = hashed;
}
const page = await standalone();
const evidence = `evidence-${createHash("sha256").update(page).digest("hex").slice(0, 8).toUpperCase()}.html`;
writeFileSync(join(HALF, evidence), page);
manifest["evidence.html"] = evidence;
for (const name of readdirSync(HALF)) {
  if ([".css", ".js", ".svg", ".html"].includes(extname(name))) {
    writeFileSync(join(HALF, `${name}.gz`), gzipSync(readFileSync(join(HALF, name)), { level: 9 }));
  }
}

/** The evidence page as one file that works from a disk: its policy lets it load nothing and run nothing else. */
async function standalone() {
  const entryPoints = [join(SRC, "evidence", "standalone.js"), join(SRC, "console.css")];
  const made = await build({ ...OURS, entryPoints, outdir: HALF, format: "iife", write: false });
  const [script, style] = [".js", ".css"].map((kind) => made.outputFiles.find(({ path }) => path.endsWith(kind)).text.trim());
  const parts = { script: script.replaceAll("</script", "<\\/script"), style };
  for (const [name, text] of Object.entries({ ...parts })) {
    parts[`${name}-hash`] = `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  }
  const template = readFileSync(join(SRC, "evidence", "standalone.html"), "utf8");
  return template.replace(/\{\{([a-z-]+)\}\}/g, (_, name) => parts[name]);
}
writeFileSync(join(HALF, "manifest.json"), JSON.stringify(manifest, null, 1));
// Whole or not at all: a node that reads the folder meanwhile finds the old names or the new ones.
rmSync(OUT, { recursive: true, force: true });
renameSync(HALF, OUT);
