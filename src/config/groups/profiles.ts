import { z } from "zod";
import { option } from "../option.ts";
import { duration, whole } from "../value.ts";

/** Names and pictures that are asked for in the background. */
export const profilesOptions = {
  profiles: z.object({
    everyMs: option(
      {
        env: "WAZAPI_PROFILES_EVERY",
        form: "2s",
        doc: "Pause between two questions of an instance for pictures of people and groups, and for names of groups; 0 asks nothing.",
      },
      duration(0, 3_600_000).default(2_000),
    ),
    maxWaiting: option(
      {
        env: "WAZAPI_PROFILES_WAITING",
        form: "number",
        doc: "Such questions of an instance that may wait; the oldest makes room, and is asked with the next message.",
      },
      whole(1, 100_000).default(1_000),
    ),
    refreshMs: option(
      {
        env: "WAZAPI_PROFILES_REFRESH",
        form: "24h",
        doc: "How long an answer counts, also that there is no picture for us; a picture that changes is asked for at once.",
      },
      duration(60_000, 30 * 86_400_000).default(86_400_000),
    ),
  }),
};
