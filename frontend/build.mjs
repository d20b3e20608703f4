// Builds every island and stylesheet by convention: src/<name>/main.ts -> static/js/<name>.js, styles/<name>.css -> static/css/<name>.css.
// Files beginning with "_" and those in folders of styles/ are parts, not entries. Everything under public/ is copied as it is.
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";
import { weuiSubset } from "./weui.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.env.STATIC_DIR ?? join(here, "..", "static");
const watching = process.argv.includes("--watch");

const islands = readdirSync(join(here, "src"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(here, "src", entry.name, "main.ts")))
  .map((entry) => entry.name);
const sheets = readdirSync(join(here, "styles"))
  .filter((name) => name.endsWith(".css") && !name.startsWith("_"))
  .map((name) => basename(name, ".css"));

// Old WebViews are the floor: Android 8's Chrome 70 and iOS 12.
const common = {
  bundle: true,
  minify: true,
  target: ["chrome70", "safari12"],
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  sourcemap: watching ? "inline" : false,
};
const scripts = {
  ...common,
  entryPoints: islands.map((name) => ({ in: join(here, "src", name, "main.ts"), out: name })),
  outdir: join(out, "js"),
  format: "iife",
  supported: { destructuring: true },
};
const styles = {
  ...common,
  entryPoints: sheets.map((name) => ({ in: join(here, "styles", `${name}.css`), out: name })),
  outdir: join(out, "css"),
  plugins: [weuiSubset],
};

function dropStale(folder, extension, names) {
  for (const file of existsSync(folder) ? readdirSync(folder) : []) {
    if (!names.includes(basename(file, extension))) rmSync(join(folder, file), { recursive: true });
  }
}

mkdirSync(out, { recursive: true });
cpSync(join(here, "public"), out, { recursive: true });
dropStale(join(out, "js"), ".js", islands);
dropStale(join(out, "css"), ".css", sheets);
if (watching) {
  for (const options of [scripts, styles]) await (await context(options)).watch();
} else {
  // One broken island must not cost the others theirs: each is built alone, and the exit status tells.
  const jobs = [scripts, styles].flatMap((options) =>
    options.entryPoints.map((entry) => build({ ...options, entryPoints: [entry] })),
  );
  const failed = (await Promise.allSettled(jobs)).filter((job) => job.status === "rejected");
  if (failed.length > 0) process.exitCode = 1;
}
