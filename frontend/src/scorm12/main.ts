/** SCORM 1.2's object, in the window of the package (lib/scorm.ts). */
import type Api from "scorm-again/scorm12";
import * as library from "scorm-again/scorm12";
import { facade, offer, scoreOf, startOf, statusOf, teller, values12 } from "../lib/scorm";

// Its types name it as the default, its script by name alone.
const { Scorm12API } = library as unknown as { Scorm12API: typeof Api };
const VERBS = [
  "LMSInitialize",
  "LMSFinish",
  "LMSGetValue",
  "LMSSetValue",
  "LMSCommit",
  "LMSGetLastError",
  "LMSGetErrorString",
  "LMSGetDiagnostic",
];

const before = startOf(window.name);
if (before) {
  const api = new Scorm12API({ autocommit: false, lmsCommitUrl: false, logLevel: 5 });
  api.loadFromFlattenedJSON(values12(before), "");
  let suspends = false;
  const object = {};
  const around = offer("API", object);
  const tell = teller(around, before, (final) => ({
    status: statusOf(api.cmi.core.lesson_status, final && !suspends),
    success: "",
    score: scoreOf(api.cmi.core.score.raw),
    location: String(api.cmi.core.lesson_location),
    suspend: String(api.cmi.suspend_data),
  }));
  Object.assign(
    object,
    facade({
      verbs: VERBS,
      set: "LMSSetValue",
      commit: "LMSCommit",
      finish: "LMSFinish",
      exit: "cmi.core.exit",
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
