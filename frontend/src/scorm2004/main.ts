/** SCORM 2004's object, in the window of the package (lib/scorm.ts). Of a single SCO: nothing is sequenced. */
import type Api from "scorm-again/scorm2004";
import * as library from "scorm-again/scorm2004";
import { facade, offer, scoreOf, startOf, statusOf, teller, values2004 } from "../lib/scorm";

// Its types name it as the default, its script by name alone.
const { Scorm2004API } = library as unknown as { Scorm2004API: typeof Api };
const VERBS = [
  "Initialize",
  "Terminate",
  "GetValue",
  "SetValue",
  "Commit",
  "GetLastError",
  "GetErrorString",
  "GetDiagnostic",
];

const before = startOf(window.name);
if (before) {
  const api = new Scorm2004API({ autocommit: false, lmsCommitUrl: false, logLevel: 5 });
  api.loadFromFlattenedJSON(values2004(before), "");
  // Unless it is to say so itself (completionSetByContent), whatever has ended without a word is completed.
  let suspends = false;
  const object = {};
  const around = offer("API_1484_11", object);
  const tell = teller(around, before, (final) => ({
    status: statusOf(api.cmi.completion_status, final && !suspends && !before.given.completes),
    success: String(api.cmi.success_status),
    score: scoreOf(api.cmi.score.raw) ?? scaled(api.cmi.score.scaled),
    location: String(api.cmi.location),
    suspend: String(api.cmi.suspend_data),
  }));
  Object.assign(
    object,
    facade({
      verbs: VERBS,
      set: "SetValue",
      commit: "Commit",
      finish: "Terminate",
      exit: "cmi.exit",
      leaves: (how) => {
        suspends = how === "suspend";
      },
      api: api as unknown as Record<string, unknown>,
      tell,
      later: (run, ms) => window.setTimeout(run, ms),
      cancel: (timer) => window.clearTimeout(timer),
    }),
  );
}

/** A share of one, as a score of a hundred. */
function scaled(text: unknown): number | null {
  const share = scoreOf(text);
  return share === null ? null : Math.round(share * 1000) / 10;
}
