import type { Row } from "./row.ts";
import { accept } from "./rows/accept.ts";
import { crash } from "./rows/crash.ts";
import { deliver } from "./rows/deliver.ts";
import { growth } from "./rows/growth.ts";
import { intake } from "./rows/intake.ts";
import { latency } from "./rows/latency.ts";
import { memory } from "./rows/memory.ts";
import { send } from "./rows/send.ts";
import { start } from "./rows/start.ts";

/** Every row, in the order of the table. */
export const rows = { accept, send, intake, deliver, latency, memory, growth, start, crash } as const satisfies Record<
  string,
  Row
>;

/** Name of a row. */
export type RowName = keyof typeof rows;

// Object.keys knows only strings; the table has no others.
export const rowNames = Object.keys(rows) as readonly RowName[];

/** Whether there is such a row. */
export function isRowName(name: string): name is RowName {
  return Object.hasOwn(rows, name);
}
