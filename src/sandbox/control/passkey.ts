import type { PasskeyControl } from "../passkey/passkey-control.ts";
import { signAssertion } from "../passkey/assertion.ts";
import { ceremonyOf } from "../passkey/ask-passkey.ts";
import { changedPasskey, passkeyInfo } from "../passkey/passkey.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { World } from "../world.ts";

/** What the owner of an account does with its passkey. */
export function passkeyControl(world: World): PasskeyControl {
  return {
    async passkey({ number, ...change }) {
      const person = world.directory.person(number);
      person.passkey = changedPasskey(person.passkey, change);
      world.changed();
      return passkeyInfo(number, person.passkey);
    },
    async passkeySign({ number, options }) {
      const passkey = world.directory.known(number)?.passkey;
      if (passkey === undefined) throw new SandboxError("not_found", `${number} has no passkey`);
      return signAssertion(passkey, options);
    },
    async passkeyConfirm({ number, match }) {
      const ceremony = ceremonyOf(world, number);
      ceremony.confirm(match);
      return ceremony.info();
    },
  };
}
