import type { SendInput } from "#sandbox/control.ts";
import type { StanzaJson } from "#sandbox/tell.ts";

import type { Stage } from "./stage.ts";
import type { Trigger } from "./trigger.ts";

/** WhatsApp protocol: Meta AI. */
const metaAi = "867051314767696@bot";
/** Somebody at another messenger. */
const elsewhere = "12345@interop";
/** People with more than a number, so that the usual contact stays who it is. */
const [hidden, company, unseen] = ["5511966660001", "5511966660002", "5511966660003"] as const;
const channel = "120363000000000009@newsletter";

function from(
  webhook: Trigger["webhook"],
  summary: string,
  fire: (stage: Stage) => Promise<readonly string[]>,
): Trigger {
  return { webhook, summary, fire };
}

/** A message of somebody who is there for this trigger only. */
async function write(
  { sandbox, own, signal }: Stage,
  input: Pick<SendInput, "number" | "content"> & Partial<Parameters<Stage["sandbox"]["contactSend"]>[0]>,
): Promise<readonly string[]> {
  return (await sandbox.contactSend({ ...input, to: own }, signal)).messageIds;
}

/** A whole stanza with a message, word for word. */
async function tell({ sandbox, own, now, signal }: Stage, stanza: StanzaJson): Promise<readonly string[]> {
  const id = `3EB0${now().toString(16).toUpperCase()}`;
  await sandbox.stanza({ number: own, stanza: { ...stanza, attrs: { ...stanza.attrs, id } } }, signal);
  return [id];
}

const unread = (type: string): StanzaJson => ({ tag: "enc", attrs: { v: "2", type }, content: "sealed for others" });

function post(tag: "message" | "status", { text = "News of the day", now }: Stage): StanzaJson {
  const words = Buffer.from(text);
  // Field 1 of a message, a text: tag, length and words.
  const bytes = Buffer.concat([Uint8Array.of(0x0a, words.length), words]);
  return {
    tag,
    attrs: { from: channel, type: "text", server_id: String(now()) },
    content: [{ tag: "plaintext", attrs: {}, content: { base64: bytes.toString("base64") } }],
  };
}

/** Messages from whom or where most do not come from. */
export const strangerTriggers = {
  "bot-answer": from("ReceivedCallback.waiting", "Meta AI answers; only the phone can read it", (stage) =>
    tell(stage, { tag: "message", attrs: { from: metaAi, type: "text" }, content: [unread("msmsg")] }),
  ),
  interop: from("ReceivedCallback.waiting", "somebody at another messenger writes; nobody here can read it", (stage) =>
    tell(stage, { tag: "message", attrs: { from: elsewhere, type: "text" }, content: [unread("pkmsg")] }),
  ),
  username: from("ReceivedCallback.text", "somebody writes who shows a username and no number", async (stage) => {
    const { sandbox, signal, text = "Hello" } = stage;
    await sandbox.addContact({ number: hidden, name: "Caio", username: "caio.silva" }, signal);
    return write(stage, { number: hidden, content: { text } });
  }),
  hosted: from(
    "ReceivedCallback.text",
    "a company writes through the provider that runs its account",
    async (stage) => {
      const { sandbox, signal, text = "How can we help?" } = stage;
      await sandbox.addContact({ number: company, name: "Shop", hosted: true }, signal);
      return write(stage, { number: company, content: { text }, hosted: true });
    },
  ),
  "ad-lead": from("ReceivedCallback.text", "somebody comes from an advertisement; the phone has the words", (stage) => {
    const { contact, text = "I want to know more" } = stage;
    const contextInfo = {
      conversionSource: "FB_Ads",
      ctwaPayload: Buffer.from("click").toString("base64"),
      ctwaSignals: "signals",
      entryPointConversionSource: "ctwa_ad",
      externalAdReply: {
        title: "Shoes",
        sourceId: "120",
        sourceType: "ad",
        sourceUrl: "https://fb.me/1",
        ctwaClid: "clid",
      },
    };
    const content = { proto: { extendedTextMessage: { text, contextInfo } } };
    return write(stage, { number: contact, content, placeholder: true });
  }),
  "number-shared": from("ReceivedCallback.PHONE_NUMBER_SHARED", "somebody shows the number behind their LID", (stage) =>
    write(stage, {
      number: unseen,
      addressing: "lid",
      content: { proto: { protocolMessage: { type: "SHARE_PHONE_NUMBER" } } },
    }),
  ),
  "channel-post": from("ReceivedCallback.text", "a channel posts a text", (stage) =>
    tell(stage, post("message", stage)),
  ),
  "channel-status": from("ReceivedCallback.text", "a channel posts a text in the form of a status", (stage) =>
    tell(stage, post("status", stage)),
  ),
  "unknown-stanza": from(undefined, "a stanza of a kind younger than this version; `wazapi doctor` shows it", (stage) =>
    tell(stage, { tag: "novelty", attrs: { from: "s.whatsapp.net" } }),
  ),
} as const satisfies Record<string, Trigger>;
