/** SCORM 1.2's object, in the window of the package (lib/scorm.ts). */
import type Api from "scorm-again/scorm12";
import * as library from "scorm-again/scorm12";
import { clockOf, facade, offer, scoreOf, stateOf, teller } from "../lib/scorm";

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

const before = stateOf(window.name);
if (before) {
  const api = new Scorm12API({ autocommit: false, lmsCommitUrl: false, logLevel: 5 });
  api.loadFromFlattenedJSON(
    {
      "cmi.core.lesson_status": before.status || "not attempted",
      "cmi.core.lesson_location": before.location,
      "cmi.suspend_data": before.suspend,
      "cmi.core.total_time": clockOf(before.total_ms),
      "cmi.core.entry": before.status || before.location || before.suspend ? "resume" : "ab-initio",
      ...(before.score === null ? {} : { "cmi.core.score.raw": String(before.score) }),
    },
    "",
  );
  const object = {};
  const around = offer("API", object);
  const tell = teller(around, before, () => ({
    status: String(api.cmi.core.lesson_status),
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
      api: api as unknown as Record<string, unknown>,
      tell,
      later: (run, ms) => window.setTimeout(run, ms),
      cancel: (timer) => window.clearTimeout(timer),
    }),
  );
}
