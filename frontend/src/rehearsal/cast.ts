/** Who is simulated, and what they do when. Nobody of them is a person, and nothing of them leaves this page. */

export interface Simulated {
  member: number;
  name: string;
  unit: string;
  unitId: number;
}

/** What the view gives: the words that simulated members have, in the lecturer's language. */
export interface Script {
  names: string[];
  units: string[];
  lines: string[];
  questions: string[];
  /** Whoever is asked on the stage says so. */
  on_stage: string;
}

/** So many come, within a minute. */
export const PEOPLE = 36;
const COMING_S = 60;
const FIRST_ID = 1_000_000_000;

export function castOf({ names, units }: Script): Simulated[] {
  return Array.from({ length: PEOPLE }, (_, nth) => {
    const round = Math.floor(nth / names.length);
    const unitId = (nth % units.length) + 1;
    const name = `${names[nth % names.length]}${round ? round + 1 : ""}`;
    return { member: FIRST_ID + nth, name, unit: units[unitId - 1] ?? "", unitId };
  });
}

/** How many of them are in after so many seconds; two on a bad line are away now and then. */
export function presentAfter(seconds: number): number {
  const came = Math.min(PEOPLE, Math.ceil((seconds / COMING_S) * PEOPLE));
  return came > 10 && seconds % 70 >= 64 ? came - 2 : came;
}

const TALK = { from: 6, every: 9 };
const HANDS = [20, 55, 130];
const QUESTIONS = [35, 80, 150];
const CLAPS = { from: 15, every: 20 };
const UNCLEAR = { from: 95, to: 110 };

export interface Moment {
  /** The nth line, hand or question; -1: none now. */
  line: number;
  hand: number;
  question: number;
  clap: boolean;
  unclear: number;
}

/** What happens in this second (whole seconds since the first came in). */
export function momentAt(second: number): Moment {
  const spoken = second - TALK.from;
  return {
    line: spoken >= 0 && spoken % TALK.every === 0 ? spoken / TALK.every : -1,
    hand: HANDS.indexOf(second),
    question: QUESTIONS.indexOf(second),
    clap: second >= CLAPS.from && (second - CLAPS.from) % CLAPS.every === 0,
    unclear: second >= UNCLEAR.from && second < UNCLEAR.to ? 3 : 0,
  };
}
