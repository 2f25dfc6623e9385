/** Sampling rate of the sound that is measured, per second. */
export const waveformRate = 8_000;

/** Points a voice note shows. */
const waveformPoints = 64;

const frameSamples = 80;
/** Ears hear differences of quiet sounds better than those of loud ones. */
const loudness = 0.7;

/** Measures 16-bit mono sound that comes in pieces of any length. */
export interface WaveformMeter {
  readonly add: (piece: Uint8Array) => void;
  /** Length so far, milliseconds. */
  readonly durationMs: () => number;
  /** 64 values from 0 to 100, the loudest at 100; all zero for silence. */
  readonly points: () => Uint8Array;
}

/** A meter that keeps one number per hundredth of a second, whatever comes. */
export function createWaveformMeter(): WaveformMeter {
  const energies: number[] = [];
  let sum = 0;
  let inFrame = 0;
  let samples = 0;
  let odd: number | undefined;

  const take = (sample: number): void => {
    sum += sample * sample;
    samples += 1;
    inFrame += 1;
    if (inFrame < frameSamples) return;
    energies.push(sum / frameSamples);
    sum = 0;
    inFrame = 0;
  };

  return {
    add: (piece) => {
      let at = 0;
      if (odd !== undefined && piece.length > 0) {
        take(signed(odd | ((piece[0] ?? 0) << 8)));
        odd = undefined;
        at = 1;
      }
      for (; at + 1 < piece.length; at += 2) take(signed((piece[at] ?? 0) | ((piece[at + 1] ?? 0) << 8)));
      if (at < piece.length) odd = piece[at];
    },
    durationMs: () => Math.round((samples / waveformRate) * 1_000),
    points: () => {
      const all = inFrame === 0 ? energies : [...energies, sum / inFrame];
      const levels = Array.from({ length: waveformPoints }, (_, point) => levelOf(all, point));
      const loudest = Math.max(...levels);
      return Uint8Array.from(levels, (level) => (loudest === 0 ? 0 : Math.round((level / loudest) * 100)));
    },
  };
}

function levelOf(energies: readonly number[], point: number): number {
  const from = Math.floor((point * energies.length) / waveformPoints);
  const to = Math.max(from + 1, Math.floor(((point + 1) * energies.length) / waveformPoints));
  const part = energies.slice(from, to);
  if (part.length === 0) return 0;
  return Math.sqrt(part.reduce((total, energy) => total + energy, 0) / part.length) ** loudness;
}

function signed(word: number): number {
  return word > 0x7f_ff ? word - 0x1_00_00 : word;
}
