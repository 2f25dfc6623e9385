import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";
import type { ActionButton } from "#domain/outgoing/interactive.ts";

type ButtonType = ActionButton["type"];

/** A button before it has an id. */
export type GivenButton = {
  readonly [Type in ButtonType]: WithOptionalId<Extract<ActionButton, { type: Type }>>;
}[ButtonType];

type WithOptionalId<Button> = Omit<Button, "id"> & { readonly id: string | undefined };

/** Most buttons that WhatsApp shows beside each other. */
export const maxButtons = 3;

/** Label of a button or of the opener of a list; phones cut what does not fit. */
export const label = z.string().min(1).max(64);

/** An id that comes back when its button or row is chosen; null is as good as none. */
export const choiceId = z
  .union([z.string().min(1).max(256), z.int().transform(String)], { error: "expected 1 to 256 characters" })
  .nullish()
  .meta({ description: "Comes back with the answer; generated when left out" });

const typesByName: Readonly<Record<string, ButtonType>> = {
  reply: "reply",
  quick_reply: "reply",
  url: "url",
  cta_url: "url",
  call: "call",
  cta_call: "call",
  copy: "copy",
  cta_copy: "copy",
};

/** A button that only answers. */
export const replyButton = z
  .object({
    id: choiceId,
    label: label.nullish(),
    title: label.nullish().meta({ description: "Another name of `label`" }),
  })
  .transform((given, context): GivenButton => ({
    type: "reply",
    id: given.id ?? undefined,
    label: labelOf(given, context),
  }));

/** A button of any type. */
export const actionButton = z
  .object({
    type: z
      .string()
      .max(32)
      .meta({
        description:
          "`REPLY`, `URL`, `CALL` or `COPY`; `quick_reply`, `cta_url`, `cta_call` and `cta_copy` are the same",
        examples: ["REPLY"],
      }),
    label: label.nullish(),
    title: label.nullish().meta({ description: "Another name of `label`" }),
    id: choiceId,
    url: z.string().max(2048).nullish().meta({ description: "For `URL`: an http(s) address" }),
    phone: z
      .union([z.string().max(32), z.int().positive()])
      .nullish()
      .meta({ description: "For `CALL`" }),
    copyCode: z.string().max(256).nullish().meta({ description: "For `COPY`" }),
  })
  .transform((given, context): GivenButton => {
    const type = typesByName[given.type.toLowerCase()];
    const common = { id: given.id ?? undefined, label: labelOf(given, context) };
    const missing = (field: string, message: string): never => {
      context.issues.push({ code: "custom", message, path: [field], input: given });
      return z.NEVER;
    };
    if (type === undefined) return missing("type", "expected REPLY, URL, CALL or COPY");
    switch (type) {
      case "reply":
        return { type, ...common };
      case "url": {
        const { url } = given;
        if (url === null || url === undefined || !isWebAddress(url))
          return missing("url", "expected an http(s) address");
        const code = codeInUrl(url);
        return code === undefined ? { type, ...common, url } : { type: "copy", ...common, code };
      }
      case "call": {
        const phone = dialled(String(given.phone ?? ""));
        return phone === undefined ? missing("phone", "expected a phone number") : { type, ...common, phone };
      }
      case "copy":
        return given.copyCode ? { type, ...common, code: given.copyCode } : missing("copyCode", "is required");
    }
  });

/**
 * The buttons with ids. Throws `invalid_request` for an id that is there twice, and for replies among other buttons:
 * WhatsApp Web shows no such message.
 */
export function identified(buttons: readonly GivenButton[], field: string): readonly ActionButton[] {
  const replies = buttons.filter(({ type }) => type === "reply").length;
  if (replies > 0 && replies < buttons.length) refuse(field, "REPLY cannot be mixed with other types of button");
  return withIds(buttons, field);
}

/** Everything with an id: a missing one is its position, from 1. Throws `invalid_request` for an id that is there twice. */
export function withIds<Choice extends { readonly id: string | undefined }>(
  choices: readonly Choice[],
  field: string,
): readonly (Choice & { readonly id: string })[] {
  const taken = new Set<string>();
  for (const { id } of choices) {
    if (id === undefined) continue;
    if (taken.has(id)) refuse(field, "two of them have the same id");
    taken.add(id);
  }
  return choices.map((choice, index) => {
    let id = choice.id ?? String(index + 1);
    while (choice.id === undefined && taken.has(id)) id = `${id}-1`;
    taken.add(id);
    return { ...choice, id };
  });
}

/** Throws `invalid_request` about a field. */
export function refuse(field: string, says: string): never {
  throw new WazapiError("invalid_request", { message: `${field}: ${says}`, details: { field } });
}

function labelOf(
  given: { readonly label?: string | null | undefined; readonly title?: string | null | undefined },
  context: z.RefinementCtx,
): string {
  const label = given.label ?? given.title;
  if (label !== null && label !== undefined) return label;
  context.issues.push({ code: "custom", message: "is required", path: ["label"], input: given });
  return z.NEVER;
}

function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" || url.protocol === "http:");
}

/** Z-API: a button with this address copies the code that the address ends in. */
function codeInUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url?.hostname !== "www.whatsapp.com" || !url.pathname.startsWith("/otp/code")) return undefined;
  if (url.searchParams.get("otp_type") !== "COPY_CODE") return undefined;
  const code = url.searchParams.get("code")?.replace(/^otp/, "");
  return code === "" ? undefined : code;
}

/** A number as a phone dials it: with a plus when it begins with a country code, as it is when it is a short one. */
function dialled(phone: string): string | undefined {
  const digits = phone.replaceAll(/\D/g, "");
  if (digits.length < 3 || digits.length > 15) return undefined;
  return digits.length >= 10 && !digits.startsWith("0") ? `+${digits}` : digits;
}
