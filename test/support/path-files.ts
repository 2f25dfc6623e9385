import type { OutgoingFiles } from "#whatsapp/send/payload.ts";

/** Files of messages whose media id is their path: tests write them themselves. */
export const pathFiles: OutgoingFiles = {
  open: async ({ file }) => {
    if (!("mediaId" in file)) throw new Error(`${file.url} is not on this disk`);
    return { path: file.mediaId, file };
  },
};
