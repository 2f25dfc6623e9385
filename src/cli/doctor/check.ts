import type { LoadedConfig } from "#config/load.ts";

import type { Cli } from "../cli.ts";
import type { Finding } from "./finding.ts";
import type { SeenInstances, SeenServer } from "./running.ts";

/** What checks look at. */
export interface Patient {
  readonly cli: Cli;
  readonly settings: LoadedConfig;
  /** Asked once, whoever asks first. */
  readonly server: () => Promise<SeenServer>;
  /** The same. */
  readonly instances: () => Promise<SeenInstances>;
}

/** One check: changes nothing, and answers what it found; an empty answer when there is nothing to look at. */
export interface Check {
  /** For people. */
  readonly title: string;
  readonly look: (patient: Patient, signal: AbortSignal) => Promise<readonly Finding[]>;
}
