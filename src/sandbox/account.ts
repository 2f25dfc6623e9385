import { ownDevices } from "./directory.ts";
import { createAppState } from "./history/app-state.ts";
import type { Account, Person } from "./person.ts";
import type { World } from "./world.ts";

/** The person's account, made now if no client was ever linked. */
export function accountOf(
  world: World,
  person: Person,
  about: { readonly platform?: string | undefined; readonly business?: string | undefined } = {},
): Account {
  const { account } = person;
  if (account !== undefined) return account;
  const seed = Buffer.from(`${world.options.seed}/app state/${person.number}`);
  const made: Account = {
    platform: about.platform ?? "iphone",
    business: about.business,
    nextDevice: Math.max(0, ...ownDevices(person)) + 1,
    blocked: new Set(),
    privacy: new Map(),
    disappearing: { seconds: 0, at: 0 },
    appState: createAppState({ media: world.media }, seed),
  };
  person.account = made;
  return made;
}
