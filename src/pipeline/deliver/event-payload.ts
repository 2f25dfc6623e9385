import { renderCallback } from "#callbacks/catalogue.ts";
import type { Captured } from "#domain/captured.ts";
import type { EventRow } from "#store/records.ts";
import type { MediaLinks } from "./media-links.ts";
import type { NewPhoto } from "./new-photo.ts";

/** Where the links in webhook bodies come from; each may wait, as its own settings say. */
export interface PayloadLinks {
  readonly media: MediaLinks;
  readonly newPhoto: NewPhoto;
}

/** The webhook body of a stored event, its files and pictures linked. May wait for them. */
export async function eventPayload(links: PayloadLinks, event: EventRow, signal: AbortSignal): Promise<unknown> {
  const captured = JSON.parse(event.captured) as Captured; // Written by persist out of this very type.
  const files = captured.kind === "message" ? captured.media : undefined;
  const found = files === undefined ? new Map() : await links.media.links({ event, media: files }, signal);
  const isPhoto = captured.kind === "notification" && captured.hasNewPhoto === true;
  const newPhoto = isPhoto ? await links.newPhoto({ event, captured }, signal) : undefined;
  return renderCallback(captured, {
    instanceId: event.instanceId,
    media: (part) => found.get(part),
    ...(newPhoto === undefined ? {} : { newPhoto }),
  }).payload;
}
