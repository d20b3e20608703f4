// The part of WeUI that our pages use: `@import "weui-subset"` in a stylesheet becomes the rules of these widgets.
// WeUI's variable preambles are left out, styles/_tokens.css sets the variables that remain from our own tokens.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const WIDGETS = ["weui-cell/weui-cell", "weui-cell/weui-switch", "weui-tips/weui-mask", "weui-tips/weui-dialog"];
const KEPT = /^\.weui-(cells?|switch|mask|dialog)(?![a-z-]*(wrap|android|vcode|swiped|demo))/;
// The dialog brings buttons and half screens of its own; ours are .btn.
const DROPPED = /weui-(btn|half|bottom|cells__group|cell_(swiped|link|primary))|:lang|wx-root|aria-|\[data-/;

/** Split a stylesheet into its top-level rules and at-rules. */
function rulesOf(css) {
  const found = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < css.length; at += 1) {
    if (css[at] === "{") depth += 1;
    if (css[at] === "}") {
      depth -= 1;
      if (depth === 0) {
        found.push(css.slice(start, at + 1).trim());
        start = at + 1;
      }
    }
  }
  return found;
}

function kept(rule) {
  const open = rule.indexOf("{");
  const selectors = rule
    .slice(0, open)
    .split(",")
    .map((selector) => selector.trim())
    .filter((selector) => KEPT.test(selector) && !DROPPED.test(selector));
  return selectors.length > 0 ? selectors.join(",") + rule.slice(open) : "";
}

export const weuiSubset = {
  name: "weui-subset",
  setup(build) {
    build.onResolve({ filter: /^weui-subset$/ }, () => ({ path: "weui-subset", namespace: "weui" }));
    build.onLoad({ filter: /.*/, namespace: "weui" }, () => {
      const root = join(dirname(require.resolve("weui/package.json")), "dist/style/widget");
      const rules = WIDGETS.flatMap((name) =>
        rulesOf(readFileSync(join(root, `${name}.min.css`), "utf8").replace(/\/\*.*?\*\//gs, "")),
      );
      return { contents: [...new Set(rules.map(kept))].join("\n"), loader: "css" };
    });
  },
};
