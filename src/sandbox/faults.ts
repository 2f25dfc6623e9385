import type { Fault, FaultContext, FaultMatch, FaultRules, FaultType } from "./fault.ts";
import { passkeyFaultShapes } from "./passkey/passkey-faults.ts";
import { SandboxError } from "./sandbox-error.ts";

type FaultOption = (typeof faultOptions)[number];

const faultOptions = ["code", "ms", "attrs"] as const;

/** Which fields a kind of fault understands; `required` ones must be there. */
interface FaultShape {
  readonly match: readonly (keyof FaultMatch)[];
  readonly options: readonly FaultOption[];
  readonly required?: readonly FaultOption[];
}

/** Every kind of fault and what it can be narrowed by. What is not listed is refused, never ignored. */
export const faultShapes = {
  disconnect: { match: ["number"], options: ["code", "attrs"] },
  "tcp-drop": { match: ["number"], options: [] },
  "settings-damage": { match: ["number"], options: [] },
  /** An answer about settings leaves out a collection that was asked for. */
  "settings-omit": { match: ["number"], options: [] },
  /** An answer about settings holds nothing of a collection, and says that there is more. */
  "settings-more": { match: ["number"], options: [] },
  "upgrade-refuse": { match: [], options: ["code", "ms"] },
  silent: { match: ["number"], options: ["ms"] },
  /** A login that is answered whatever it asks, and is given no stanza that waits or comes. */
  deaf: { match: ["number"], options: [] },
  "ack-delay": { match: ["number", "messageId"], options: ["ms"], required: ["ms"] },
  "ack-drop": { match: ["number", "messageId"], options: [] },
  "ack-error": { match: ["number", "messageId"], options: ["code"] },
  "confirm-drop": { match: ["number", "messageId"], options: [] },
  "retry-drop": { match: ["number", "messageId"], options: [] },
  "ack-refresh-lid": { match: ["number", "messageId"], options: [] },
  "ack-phash": { match: ["number", "messageId"], options: [] },
  "iq-error": { match: ["number", "xmlns"], options: ["code"] },
  "iq-timeout": { match: ["number", "xmlns"], options: [] },
  "upload-fail": { match: ["number"], options: ["code"] },
  "download-fail": { match: [], options: ["code"] },
  "download-damage": { match: [], options: [] },
  "decrypt-fail": { match: ["number", "messageId"], options: [] },
  ...passkeyFaultShapes,
} as const satisfies Record<FaultType, FaultShape>;

/** Most rules held at once; one more is refused. */
const maxFaults = 1000;

/** A rule list in the order the rules were added. A rule leaves it with its last time. */
export function createFaultRules(): FaultRules {
  let rules: { readonly fault: Fault; left: number }[] = [];
  return {
    match(type, context) {
      const rule = rules.find(({ fault }) => fault.type === type && fits(fault.match ?? {}, context));
      if (rule === undefined) return undefined;
      rule.left -= 1;
      if (rule.left <= 0) rules = rules.filter((other) => other !== rule);
      return rule.fault;
    },
    add(fault) {
      checkFault(fault);
      if (rules.length >= maxFaults) throw new SandboxError("conflict", `there are already ${maxFaults} faults`);
      rules.push({ fault, left: fault.times ?? 1 });
    },
    clear() {
      rules = [];
    },
    list: () => rules.map(({ fault, left }) => ({ ...fault, times: left })),
  };
}

/** Throws `invalid` when the fault carries a field that its kind does not understand. */
export function checkFault(fault: Fault): void {
  const shape: FaultShape = faultShapes[fault.type];
  if (fault.times !== undefined && (!Number.isInteger(fault.times) || fault.times < 1)) {
    throw new SandboxError("invalid", "times must be a whole number of at least 1");
  }
  const given = (Object.keys(fault.match ?? {}) as (keyof FaultMatch)[]).filter(
    (key) => fault.match?.[key] !== undefined,
  );
  const stranger = given.find((key) => !shape.match.includes(key));
  if (stranger !== undefined) throw new SandboxError("invalid", `${fault.type} cannot be matched by ${stranger}`);
  for (const option of faultOptions) {
    if (fault[option] !== undefined && !shape.options.includes(option)) {
      throw new SandboxError("invalid", `${fault.type} takes no ${option}`);
    }
    if (fault[option] === undefined && shape.required?.includes(option) === true) {
      throw new SandboxError("invalid", `${fault.type} needs ${option}`);
    }
  }
}

function fits(match: FaultMatch, context: FaultContext): boolean {
  return (
    (match.number === undefined || match.number === context.number) &&
    (match.messageId === undefined || match.messageId === context.messageId) &&
    (match.xmlns === undefined || match.xmlns === context.xmlns)
  );
}
