/** A short tone, made here: the lecturer looks at the slides and not at the page. */
const LOW_HZ = 440;
const HIGH_HZ = 660;
const STEP_S = 0.18;
const LOUD = 0.2;

let context: AudioContext | null = null;

/** Two notes down; silent in a browser that lets no page sound before it was touched. */
export function alarm(): void {
  if (typeof AudioContext !== "function") return;
  context = context ?? new AudioContext();
  void context.resume().catch(() => undefined);
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  gain.gain.value = LOUD;
  const at = context.currentTime;
  oscillator.frequency.setValueAtTime(HIGH_HZ, at);
  oscillator.frequency.setValueAtTime(LOW_HZ, at + STEP_S);
  oscillator.connect(gain);
  gain.connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + 2 * STEP_S);
}
