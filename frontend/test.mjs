// Runs the unit tests: tests/<name>.test.ts, each bundled by esbuild, and tests/<name>.test.mjs as they are, by node's own runner.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, "tests");
const names = readdirSync(folder).sort();
const made = mkdtempSync(join(tmpdir(), "front-tests-"));
try {
  await build({
    entryPoints: names.filter((name) => name.endsWith(".test.ts")).map((name) => join(folder, name)),
    outdir: made,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    logLevel: "warning",
  });
  const files = [
    ...readdirSync(made).map((name) => join(made, name)),
    ...names.filter((name) => name.endsWith(".test.mjs")).map((name) => join(folder, name)),
  ];
  const asked = process.argv.slice(2);
  const run = spawnSync(
    process.execPath,
    ["--enable-source-maps", "--disable-warning=ExperimentalWarning", "--test", ...asked, ...files],
    { stdio: "inherit" },
  );
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(made, { recursive: true, force: true });
}
