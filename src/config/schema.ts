import { z } from "zod";
import { mediaOptions } from "./groups/media.ts";
import { messagesOptions } from "./groups/messages.ts";
import { profilesOptions } from "./groups/profiles.ts";
import { serverOptions } from "./groups/server.ts";
import { upkeepOptions } from "./groups/upkeep.ts";
import { whatsappOptions } from "./groups/whatsapp.ts";

/**
 * Every option there is. Each is read by something: a test looks for it. Lengths of time are milliseconds inside;
 * outside they are written with a unit.
 */
export const configSchema = z.object({
  ...serverOptions,
  ...whatsappOptions,
  ...profilesOptions,
  ...messagesOptions,
  ...mediaOptions,
  ...upkeepOptions,
});

type DeepReadonly<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** All settings, checked; lengths of time in milliseconds, paths absolute. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

type Leaf = string | number | boolean | readonly unknown[] | { readonly host: string };
type Partly<T> = T extends Leaf ? T : { readonly [K in keyof T]?: Partly<T[K]> };

/** What `wacli.config.ts` may say: any part of the settings. */
export type FileConfig = Partly<z.input<typeof configSchema>>;

type PathsOf<T> = {
  [K in keyof T & string]-?: Exclude<T[K], undefined> extends Leaf ? K : `${K}.${PathsOf<Exclude<T[K], undefined>>}`;
}[keyof T & string];

/** Name of an option: its place in the settings, with dots. */
export type OptionPath = PathsOf<z.input<typeof configSchema>>;
