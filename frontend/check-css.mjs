// The stylesheets as they are built must hold nothing that Chrome 70 and Safari 12 lack; esbuild does not tell.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MISSING = [
  [/:(is|where|has|focus-within-visible)\(/, "selector that Chrome 70 lacks"],
  [/[:,\s(](clamp|min|max)\(/, "clamp(), min() and max() need Chrome 79"],
  [/aspect-ratio:/, "aspect-ratio needs Chrome 88"],
  [/[;{]inset:/, "inset needs Chrome 87"],
  [/color-mix|@container|@layer/, "needs Chrome 99 or later"],
  [
    /display:(inline-)?flex[^}]*[;{]((row|column)-)?gap:|[;{]((row|column)-)?gap:[^}]*display:(inline-)?flex/,
    "gap in flex needs Chrome 84",
  ],
];

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "css-"));
let wrong = 0;
try {
  execFileSync(process.execPath, [join(here, "build.mjs")], {
    env: { ...process.env, STATIC_DIR: folder },
    stdio: "inherit",
  });
  for (const name of readdirSync(join(folder, "css"))) {
    const css = readFileSync(join(folder, "css", name), "utf8");
    for (const [pattern, reason] of MISSING) {
      const hit = pattern.exec(css);
      if (hit) {
        wrong += 1;
        process.stderr.write(
          `styles/${name}: ${reason}: …${css.slice(Math.max(0, hit.index - 60), hit.index + 60)}…\n`,
        );
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = wrong > 0 ? 1 : 0;
