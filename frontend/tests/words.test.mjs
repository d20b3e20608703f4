// A sentence that Python hands to an island and that no source of the island names is dead: translated for nobody.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const src = join(dirname(fileURLToPath(import.meta.url)), "..", "src");
const ISLANDS = {
  RoomWords: "room",
  HostWords: "host",
  HostSlideWords: "host",
  PlayerWords: "player",
  UploadWords: "upload",
  EditorWords: "editor",
  MeetingWords: "meeting",
};
// Where a name in quotes is something else: an element, an event, a frame, what is compared.
const OTHERWISE = [
  /\/\*[\s\S]*?\*\//g,
  /\/\/.*$/gm,
  /\b(byId|optional|readData)(<[^>]*>+)?\("[^"]*"\)/g,
  /\b(addEventListener|removeEventListener|dispatch|querySelector|setAttribute|getAttribute|createElement)\("[^"]*"/g,
  /\bt: "[^"]*"/g,
  /[!=]== "[^"]*"/g,
  /: ("\w*"( \| )?)+;/g,
];

function keysOf(name) {
  const module = readFileSync(join(src, "lib/sentences.ts"), "utf8");
  const body = new RegExp(`interface ${name} \\{([^}]*)\\}`).exec(module)?.[1] ?? "";
  return Array.from(body.matchAll(/(\w+): string;/g), ([, key]) => key);
}

/** All that an island is made of, without its types of sentences and frames. */
async function sourceOf(island) {
  const { metafile } = await build({
    entryPoints: [join(src, island, "main.ts")],
    bundle: true,
    write: false,
    metafile: true,
    absWorkingDir: src,
    logLevel: "silent",
  });
  const files = Object.keys(metafile.inputs).map((name) => join(src, name));
  return files
    .filter((file) => !relative(src, file).startsWith(".."))
    .map((file) => OTHERWISE.reduce((text, pattern) => text.replace(pattern, ""), readFileSync(file, "utf8")))
    .join("\n");
}

for (const [name, island] of Object.entries(ISLANDS)) {
  test(`${island}: every sentence that it is given is said`, async () => {
    const keys = keysOf(name);
    const source = await sourceOf(island);
    assert.ok(keys.length > 5, `${name} stands in lib/sentences.ts`);
    const isNamed = (key) => new RegExp(`"${key}"|\\b${key}: "|words\\.${key}\\b`).test(source);
    assert.deepEqual(
      keys.filter((key) => !isNamed(key)),
      [],
    );
  });
}
