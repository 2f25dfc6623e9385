import { InvalidArgumentError, Option } from "commander";

import { WazapiError } from "#domain/errors.ts";

/** `--instance`, for commands about one instance. */
export function instanceOption(): Option {
  return new Option("-i, --instance <id|name>", "the instance; not needed when there is only one");
}

/** Reads a whole number in a range; commander shows the refusal. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text.trim()) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It has to be a whole number from ${min} to ${max}.`);
  };
}

/** Reads a number of seconds, fractions included. */
export function seconds(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+(?:\.\d+)?$/.test(text.trim()) && value <= max) return value;
    throw new InvalidArgumentError(`It has to be a number of seconds, at most ${max}.`);
  };
}

/** Adds each value of an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** `name=value`, of a stanza. Throws `invalid_request`. */
export function attribute(text: string): readonly [string, string] {
  const [name = "", value] = text.split(/=(.*)/s);
  if (name === "" || value === undefined) {
    throw new WazapiError("invalid_request", { message: "an attribute is written name=value" });
  }
  return [name, value];
}
