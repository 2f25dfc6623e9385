import type { ContentBody, ContentOptions } from "../content-body.ts";
import type { BuiltMessage, ContentContext } from "../content-codec.ts";
import { SandboxError } from "../sandbox-error.ts";
import { answerContents } from "./answer-contents.ts";
import type { Built, ContentBuilder, ContentKey } from "./builder.ts";
import { applyOptions } from "./context-info.ts";
import { withParent, withSecret } from "./beside-content.ts";
import { mediaContents } from "./media-contents.ts";
import { plainContents } from "./plain-contents.ts";
import { secretAnswerContents } from "./secret-answers.ts";
import { sealedContents } from "./sealed-contents.ts";
import { stanzaTypeOf } from "./stanza-type.ts";

const builders: { readonly [K in ContentKey]: ContentBuilder<K> } = {
  ...plainContents,
  ...mediaContents,
  ...answerContents,
  ...secretAnswerContents,
  ...sealedContents,
};

/** Every content key, in the order of the documentation. */
export const contentKeys = Object.keys(builders) as readonly ContentKey[];

const optionKeys = [
  "reply",
  "album",
  "hdOf",
  "forwarded",
  "mentions",
  "expiration",
] as const satisfies readonly (keyof ContentOptions)[];

/** Builds the message of a body. Throws `invalid`, `not_found` or `not_supported`; nothing in a body is ignored. */
export async function toMessage(body: ContentBody, context: ContentContext): Promise<BuiltMessage> {
  const key = contentKeyOf(body);
  const built = await build(key, body, context);
  const message = withSecret(withParent(applyOptions(built.message, body, context), body, context), context);
  return { ...built, message, stanzaType: stanzaTypeOf(message) };
}

function contentKeyOf(body: ContentBody): ContentKey {
  const given = Object.entries(body).flatMap(([key, value]) => (value === undefined ? [] : [key]));
  const stranger = given.find((key) => !isContentKey(key) && !optionKeys.some((option) => option === key));
  if (stranger !== undefined) throw new SandboxError("invalid", `the sandbox does not know the content ${stranger}`);
  const [key, ...more] = given.filter(isContentKey);
  if (key === undefined) throw new SandboxError("invalid", `a content is missing: one of ${contentKeys.join(", ")}`);
  if (more.length > 0)
    throw new SandboxError("invalid", `only one content at a time, not ${[key, ...more].join(" and ")}`);
  return key;
}

const isContentKey = (key: string): key is ContentKey => Object.hasOwn(builders, key);

async function build(key: ContentKey, body: ContentBody, context: ContentContext): Promise<Built> {
  // The table pairs each key with the builder of its own value; for a key found at run time only we can know that.
  const builder = builders[key] as (value: unknown, context: ContentContext) => Built | Promise<Built>;
  return builder((body as unknown as Readonly<Record<ContentKey, unknown>>)[key], context);
}
