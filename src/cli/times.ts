/** A moment as commands show it: UTC, to the second. */
export function clockTime(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}

const steps = [
  { seconds: 86_400, unit: "d" },
  { seconds: 3_600, unit: "h" },
  { seconds: 60, unit: "min" },
] as const;

/** How long ago, in its largest unit. */
export function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  const step = steps.find((one) => seconds >= one.seconds);
  return step === undefined ? `${seconds} s ago` : `${Math.floor(seconds / step.seconds)} ${step.unit} ago`;
}
