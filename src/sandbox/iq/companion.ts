import { unlinkDevice } from "../unlink.ts";
import type { IqHandler } from "./table.ts";

/** A device takes itself off the account. */
export const answerCompanion: IqHandler = (world, { child, from }) => {
  if (child?.tag !== "remove-companion-device") return "unhandled";
  return { after: () => unlinkDevice(world, from) };
};
