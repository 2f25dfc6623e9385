import { isWazapiError } from "#domain/errors.ts";
import type { LinkContent } from "#domain/outgoing/cards.ts";

import type { InstanceContext } from "#http/operation.ts";

/** The picture of a link's card. One that cannot be used is no reason to keep the link back: then it is said. */
export async function linkPicture(
  source: string,
  context: InstanceContext,
): Promise<Pick<LinkContent, "image" | "degraded">> {
  const { deps, instance, signal } = context;
  try {
    return { image: await deps.media.ingest({ instanceId: instance.id, kind: "image", source }, signal) };
  } catch (error) {
    if (!isWazapiError(error)) throw error;
    deps.log.warn({ instanceId: instance.id, code: error.code }, "link goes without its picture");
    return { degraded: `without its picture: ${error.message}` };
  }
}
