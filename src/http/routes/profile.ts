import { z } from "zod";

import { WazapiError } from "#domain/errors.ts";
import type { ProfileChange } from "#domain/session.ts";

import { operation } from "../operation.ts";
import type { InstanceContext, Operation } from "../operation.ts";
import { instancePath, valueTrue } from "../schemas.ts";

const maxPictureBytes = 10 * 1024 * 1024;

/** One route of the own profile: which field, how long, and what change it makes. */
interface ProfileField {
  readonly id: string;
  readonly path: `/${string}`;
  readonly summary: string;
  /** The name the field has besides `value`. */
  readonly alias: string;
  readonly value: z.ZodType<string>;
  readonly change: (value: string, context: InstanceContext) => ProfileChange | Promise<ProfileChange>;
}

const profileFields: readonly ProfileField[] = [
  {
    id: "updateProfileName",
    path: "/profile-name",
    summary: "Change the name others see",
    alias: "name",
    value: z.string().trim().min(1).max(25),
    change: (value) => ({ kind: "name", value }),
  },
  {
    id: "updateProfileDescription",
    path: "/profile-description",
    summary: "Change the about text; empty clears it",
    alias: "description",
    value: z.string().max(139),
    change: (value) => ({ kind: "about", value }),
  },
  {
    id: "updateProfilePicture",
    path: "/profile-picture",
    summary: "Change the picture: URL, data URI or base64, at most 10 MB",
    alias: "image",
    value: z.string().min(1),
    change: async (value, context) => ({ kind: "picture", image: await picture(value, context) }),
  },
];

/** Changes of the own profile. */
export const profileOperations: readonly Operation[] = profileFields.map((field) =>
  operation({
    id: field.id,
    method: "PUT",
    path: `${instancePath}${field.path}`,
    summary: field.summary,
    tag: "instance",
    scope: "instance",
    body: z.object({ value: field.value }),
    aliases: { [field.alias]: "value" },
    response: valueTrue,
    run: async (context, { body }) => {
      await context.deps.sessions.setProfile(context.instance.id, await field.change(body.value, context));
      return { value: true };
    },
  }),
);

async function picture(source: string, { deps, signal }: InstanceContext): Promise<Uint8Array> {
  if (/^https?:\/\//i.test(source)) return deps.remoteFile.fetch(source, { maxBytes: maxPictureBytes }, signal);
  const base64 = /^data:image\/[\w.+-]+;base64,(.+)$/is.exec(source)?.[1] ?? source;
  if (!/^[\w+/\s-]+=*\s*$/.test(base64)) {
    throw new WazapiError("invalid_request", {
      message: "value: expected an image URL, a data URI or base64",
      details: { field: "value" },
    });
  }
  const image = Buffer.from(base64, "base64");
  if (image.byteLength > maxPictureBytes) throw new WazapiError("payload_too_large");
  return image;
}
