import { colorize } from "consola/utils";
import type { ColorName } from "consola/utils";

import type { CliIo } from "./io.ts";

/** A cell of a table; undefined is shown as nothing, a colour only on terminals. */
export type Cell = string | number | boolean | undefined | { readonly text: string; readonly color: ColorName };

/** What a human gets in place of a JSON document. A terminal gets tables and colour, a pipe gets tab-separated fields. */
export interface Page {
  readonly text: (line: string) => void;
  /** The heading is only for terminals. */
  readonly table: (columns: readonly string[], rows: readonly (readonly Cell[])[]) => void;
  /** Names and values, one pair a line; undefined values are left out. */
  readonly fields: (pairs: Readonly<Record<string, Cell>>) => void;
}

/** Where commands put what they have to say: data on standard output, talk on standard error. */
export interface Output {
  /** `--json` was given. */
  readonly json: boolean;
  /** Standard output is a terminal that may be drawn on. */
  readonly drawn: boolean;
  /** The one document of a command: itself as JSON, or what `draw` makes of it. */
  readonly document: (value: unknown, draw: (page: Page) => void) => void;
  /** One entry of a stream: a JSON line or a text line. */
  readonly entry: (value: unknown, text: string) => void;
  /** Raw text on standard output, with the line break it ends in. */
  readonly raw: (text: string) => void;
  /** A sentence for the person who waits. */
  readonly say: (sentence: string) => void;
  /** Colours text for standard output, on a terminal only. */
  readonly paint: (color: ColorName, text: string) => string;
  /** Colours text for {@link Output.say}. */
  readonly paintTalk: (color: ColorName, text: string) => string;
}

/** Decides once, by `--json`, the terminals and `NO_COLOR`, how things are shown. */
export function createOutput({ stdout, stderr, env }: CliIo, options: { readonly json: boolean }): Output {
  const colours = env["NO_COLOR"] === undefined || env["NO_COLOR"] === "";
  const painter =
    (isTTY: boolean): Output["paint"] =>
    (color, text) =>
      isTTY && colours ? colorize(color, text) : text;
  const paint = painter(stdout.isTTY);
  const line = (text: string): void => void stdout.write(`${text}\n`);
  const page: Page = {
    text: line,
    table: (columns, rows) => {
      if (!stdout.isTTY) for (const row of rows) line(row.map(plain).join("\t"));
      else for (const text of aligned(columns, rows, paint)) line(text);
    },
    fields: (pairs) => {
      const shown = Object.entries(pairs).filter(([, value]) => value !== undefined);
      const width = Math.max(0, ...shown.map(([name]) => name.length));
      for (const [name, value] of shown) {
        const text = typeof value === "object" ? paint(value.color, plain(value)) : plain(value);
        line(stdout.isTTY ? `${paint("dim", name.padEnd(width))}  ${text}` : `${name}\t${text}`);
      }
    },
  };
  return {
    json: options.json,
    drawn: stdout.isTTY && !options.json,
    document: (value, draw) => {
      if (options.json) line(jsonText(value, 2));
      else draw(page);
    },
    entry: (value, text) => line(options.json ? jsonText(value) : text),
    raw: (text) => void stdout.write(text),
    say: (sentence) => void stderr.write(`${sentence}\n`),
    paint,
    paintTalk: painter(stderr.isTTY),
  };
}

/** Text that cannot move the cursor, pretend to be another row, or change the title of the window. */
export function harmless(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}

/** JSON in which no character can drive a terminal; it escapes those below space by itself. */
export function jsonText(value: unknown, indent?: number): string {
  const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value, undefined, indent).replaceAll(/[\u007F-\u009F]/g, escaped);
}

function plain(cell: Cell): string {
  if (cell === undefined) return "";
  return harmless(typeof cell === "object" ? cell.text : String(cell));
}

function aligned(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  paint: Output["paint"],
): readonly string[] {
  const widths = columns.map((name, at) => Math.max(name.length, ...rows.map((row) => plain(row[at]).length)));
  const joined = (row: readonly Cell[]): string =>
    row
      .map((cell, at) => {
        const padded = at === columns.length - 1 ? plain(cell) : plain(cell).padEnd(widths[at] ?? 0);
        return typeof cell === "object" ? paint(cell.color, padded) : padded;
      })
      .join("  ");
  return [paint("dim", joined(columns)), ...rows.map(joined)];
}
