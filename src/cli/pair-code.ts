import type { Cli } from "./cli.ts";
import type { ConnectionView } from "./connection.ts";
import { untilConnected } from "./until-connected.ts";
import type { PairTarget } from "./until-connected.ts";

interface CodeEnd {
  readonly says: string;
  readonly stillWorks?: true;
}

/** What became of a code, by the reason of the connection; another is asked for unless it still works. */
const ends: Readonly<Record<string, CodeEnd>> = {
  code_expired: { says: "WhatsApp takes this code no more; the next one:" },
  code_wrong: { says: "another code was typed on the phone; the one above still works", stillWorks: true },
  code_unconfirmed: { says: "a code was typed, and the phone did not confirm it; another one:" },
};
const connectionEnded: CodeEnd = { says: "the connection has ended, and the code with it; the next one:" };

type Standing = Pick<ConnectionView, "state" | "reason">;

/** What the server has stored before it hands a code out: whatever it says next is news, however soon it comes. */
const codeWaits: Standing = { state: "pairing", reason: "code_waiting" };

/** Shows a code, and another when it is over, until a phone is linked. Throws what `untilConnected` throws. */
export async function showCodesUntilLinked(
  cli: Cli,
  target: PairTarget & { readonly phone: string },
  limit: AbortSignal,
): Promise<ConnectionView> {
  await showCode(cli, target);
  let waiting: Standing = codeWaits;
  cli.out.say("on the phone: WhatsApp > Linked devices > Link a device > Link with phone number instead");
  const look = async (connection: ConnectionView): Promise<void> => {
    await target.look?.(connection);
    const { state, reason } = connection;
    if (state === waiting.state && reason === waiting.reason) return;
    // It has been taken: the phone is being linked, or wants a passkey first.
    if ((state !== "pairing" && state !== "unpaired") || reason?.startsWith("passkey") === true) return;
    const { says, stillWorks } = ends[reason ?? ""] ?? connectionEnded;
    cli.out.say(says);
    if (stillWorks !== true) await showCode(cli, target);
    waiting = stillWorks === true ? connection : codeWaits;
  };
  return untilConnected(cli, { ...target, look }, limit);
}

async function showCode(cli: Cli, { server, instance, phone }: PairTarget & { readonly phone: string }): Promise<void> {
  const { code } = await server.api.instance<{ readonly code: string }>(instance, { path: `/phone-code/${phone}` });
  const spaced = code.length === 8 ? `${code.slice(0, 4)}-${code.slice(4)}` : code;
  cli.out.entry({ code }, cli.out.drawn ? cli.out.paint("bold", spaced) : code);
}
