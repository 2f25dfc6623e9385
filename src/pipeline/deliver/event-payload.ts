import { renderCallback } from "#callbacks/catalogue.ts";
import type { RenderContext } from "#callbacks/definition.ts";
import type { Captured } from "#domain/captured.ts";
import type { EventRow } from "#store/records.ts";
import type { MediaLinks } from "./media-links.ts";

/** The webhook body of a stored event, its files linked. May wait for an upload, as the media room's settings say. */
export async function eventPayload(media: MediaLinks, event: EventRow, signal: AbortSignal): Promise<unknown> {
  const captured = JSON.parse(event.captured) as Captured; // Written by persist out of this very type.
  const files = captured.kind === "message" ? captured.media : undefined;
  const links = files === undefined ? new Map() : await media.links({ event, media: files }, signal);
  const context: RenderContext = { instanceId: event.instanceId, media: (part) => links.get(part) };
  return renderCallback(captured, context).payload;
}
