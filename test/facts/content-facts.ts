import type { Fact } from "./fact.ts";

/** Facts about content. */
export const contentFacts: readonly Fact[] = [
  {
    id: "content-newer-than-the-protobuf",
    fact: "Messages carry fields that are younger than any released protobuf (116 to 131 in August 2026); a library that does not know them drops them.",
    since: "2026-07",
    source: "whatsmeow's protocol of August 2026 (source); WhiskeySockets/Baileys #2724, #2725 (production)",
    sandbox: "Sends any bytes as a message: content `raw {base64}`, and `raw` of a shared history.",
    sandboxBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "field %i is published under its name or number, with its bytes",
      },
    ],
    client:
      "Publishes them under their name or number with their bytes in base64, and counts them; in posts of channels and in histories, too. Baileys downloads and decodes a history without a place in between: a chunk in which a message is left without content is downloaded a second time.",
    clientBy: [
      { file: "scenarios/newer-contents.test.ts", name: "a kind that is younger than our protobuf, as <%s>" },
      { file: "scenarios/chat-messages.test.ts", name: "what is younger than our protobuf is kept: %s" },
      { file: "whatsapp/readable-history.test.ts", name: "a message of which nothing was left is put into words" },
      {
        file: "scenarios/newer-contents.test.ts",
        name: "field %i is published under its name or number, with its bytes",
      },
      {
        file: "scenarios/newer-contents.test.ts",
        name: "keys that devices hand each other are nobody's business",
      },
    ],
    phone:
      "Whether 123 is key material only: send a message in a group of a community, `wazapi doctor`, line protocol.",
  },
  {
    id: "novel-group-notices",
    fact: "Notices about groups (`w:gp2`) gain changes, attributes and children: suspended, growth_locked, history mode, labels of members.",
    since: "2026",
    source: "whatsmeow (source); whatsapp-rust",
    sandbox: "Any notice is sent by control: `wazapi sandbox stanza` or `notify`.",
    sandboxBy: [
      { file: "scenarios/newer-contents.test.ts", name: "a notice about a group that nobody here knows is told word" },
    ],
    client:
      "A change without a name of ours is published as `GROUP_<WhatsApp's word>`, a notice that has only attributes as `GROUP_OTHER`, each with all it says, labels of members as `GROUP_MEMBER_LABEL_CHANGE`; what is not known beside or in a known change is counted and shown by `wazapi doctor`.",
    clientBy: [
      { file: "scenarios/newer-contents.test.ts", name: "a notice about a group that nobody here knows is told word" },
      { file: "scenarios/newer-contents.test.ts", name: "a notice about a group that says what it says in attributes" },
      { file: "whatsapp/wire-watch.test.ts", name: "%j" },
    ],
    phone: "A group that WhatsApp suspends: `wazapi listen` shows GROUP_SUSPENDED.",
  },
  {
    id: "wrappers-by-shape",
    fact: "New kinds often come as a wrapper around a whole message: a field with nothing but a message in its first field.",
    since: "2026-01",
    source: "whatsmeow, zapo (source): questions, add yours, AI forwards, spoilers",
    sandbox: "Sends every wrapper through `proto` or `raw`.",
    sandboxBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "a wrapper that nobody knows is taken off",
      },
    ],
    client: "Takes off any wrapper of that shape, known or not; an AI's answer is its words.",
    clientBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "a wrapper that nobody knows is taken off",
      },
      {
        file: "scenarios/newer-contents.test.ts",
        name: "the text inside is the text of the webhook",
      },
      {
        file: "scenarios/newer-contents.test.ts",
        name: "an AI's answer that somebody forwards is its words",
      },
    ],
  },
  {
    id: "polls-of-version-6",
    fact: "Polls that hide their voters or end by themselves are field 119, laid out like the versions before.",
    since: "2026-07",
    source: "whatsmeow's protocol of August 2026 (source); WhiskeySockets/Baileys #2724",
    sandbox: "Content `pollV6 {question, options, hideVoters, endsAt}`; phones vote in it.",
    sandboxBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "a poll of version 6 reads as a poll, and its votes open",
      },
    ],
    client: "Reads it as a poll, with `endTime` and `hideVoters`; votes open with its secret.",
    clientBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "a poll of version 6 reads as a poll, and its votes open",
      },
    ],
    phone: "Numbers of its end and of hidden voters: `wazapi listen`, then create such a poll on a phone.",
  },
  {
    id: "sealed-edits",
    fact: 'Edits come encrypted with the secret of the message they change: HKDF over (id, author, editor, "Message Edit"), AES-GCM without additional data; people by number or LID.',
    since: "2026-05",
    source:
      "WhiskeySockets/Baileys #2541, #2743 (tested on phones); whatsmeow's msgsecret.go; oxidezap/whatsapp-rust #618 (source)",
    sandbox: "Phones edit that way (`editForm`), and every content carries a secret.",
    sandboxBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "an edit reads like any other",
      },
    ],
    client:
      "Opens it with the stored secret, trying each pair of names, and publishes an ordinary edit; one that comes before its message is published closed, and again once that message comes within a day, also after a restart or out of the phone's history. Only its author can edit a message.",
    clientBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "an edit reads like any other",
      },
      {
        file: "scenarios/newer-contents.test.ts",
        name: "an edit of a message of ours that goes by LID",
      },
      {
        file: "scenarios/newer-contents.test.ts",
        name: "an edit that comes before its message",
      },
      {
        file: "pipeline/sealed-over-restarts.test.ts",
        name: "is opened when that message comes",
      },
      {
        file: "pipeline/sealed-over-restarts.test.ts",
        name: "is left as it is after a day",
      },
      {
        file: "scenarios/newer-contents.test.ts",
        name: "somebody else's words are not edited",
      },
    ],
  },
  {
    id: "sealed-reactions-and-comments",
    fact: 'In announcement groups of communities reactions and comments are encrypted like edits ("Enc Reaction", "Enc Comment"), and so are edits of events and polls, and options that others add.',
    since: "2026-05",
    source: "whatsmeow's msgsecret.go; vinikjkkj/zapo #98 (source)",
    sandbox: "Contents `reaction` and `comment` with `sealed`, `eventEdit`, `pollEdit`, `pollOption`.",
    sandboxBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "reactions to and comments on what others wrote in a group",
      },
    ],
    client: "Opens them and publishes the ordinary reaction, a text below the post, or an edit.",
    clientBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "reactions to and comments on what others wrote in a group",
      },
      {
        file: "scenarios/newer-contents.test.ts",
        name: "events and polls are edited, and options added by anybody",
      },
    ],
    phone: "Edits of polls: create a poll on a phone, edit it, and look at `wazapi listen`.",
  },
  {
    id: "placeholders",
    fact: "Ad leads and others come without a body; the phone has it and gives it when asked (peer operation 4), if it is awake. Ad data moved to `ctwaPayload`.",
    since: "2026-09",
    source: "devlikeapro/waha #2267, #2334, #2354 (production)",
    sandbox:
      "`placeholder` beside a contact's content; a phone that answers late or never (`phoneAnswerMs`, `phoneAnswers`).",
    sandboxBy: [
      {
        file: "whatsapp/open-placeholders.test.ts",
        name: "an ad lead whose body only the phone has",
      },
      {
        file: "whatsapp/open-placeholders.test.ts",
        name: "a phone that does not answer is asked again",
      },
    ],
    client:
      "Keeps open placeholders with the account's keys and asks at the phone's next sign of life, after an hour and a day, and each day it shows itself, for 14 days; publishes the content under the same id, with `adClick`. A question that may have gone with its connection is put again on the next one.",
    clientBy: [
      {
        file: "whatsapp/placeholder-questions.test.ts",
        name: "a question that the closing connection swallowed",
      },
      {
        file: "whatsapp/placeholder-questions.test.ts",
        name: "what came right before the connection ended",
      },
      {
        file: "whatsapp/open-placeholders.test.ts",
        name: "a phone that does not answer is asked again",
      },
      {
        file: "whatsapp/open-placeholders.test.ts",
        name: "one that sleeps is asked again after a while",
      },
      {
        file: "scenarios/newer-contents.test.ts",
        name: "what came without a body waits, and is told under the same id",
      },
      {
        file: "scenarios/newer-contents.test.ts",
        name: "a click on an advertisement is published with its payload",
      },
    ],
    phone:
      "Switch the phone off, have somebody write through an advertisement, switch it on: `wazapi listen` shows the text.",
  },
  {
    id: "aggregated-receipts",
    fact: "In groups one receipt speaks for many: `participants` with the message in `key`, in it each `user` with `jid` and `t`.",
    since: "2026-01",
    source: "whatsmeow (source)",
    sandbox: "Sends them so in groups (`groupReceipts`).",
    sandboxBy: [
      {
        file: "sandbox/groups/groups.test.ts",
        name: "are confirmed by several members in one receipt",
      },
    ],
    client: "Makes one status of each member and message.",
    clientBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "one receipt for several members becomes a status for each of them",
      },
    ],
  },
  {
    id: "albums-and-twins",
    fact: "Albums are a message with counts and one message for each part; a picture in HD is a second message about the first.",
    since: "2025-06",
    source: "whatsmeow (source)",
    sandbox: "Options `album` and `hdOf` beside a picture or film; the album itself through `proto`.",
    sandboxBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "an album says how many follow",
      },
    ],
    client: "Says `contentType: album`, and `parentMessageId` with `parentType` of parts and twins.",
    clientBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "an album says how many follow",
      },
    ],
  },
  {
    id: "shared-numbers",
    fact: "Somebody who goes by a LID can share their number by a protocol message; its stanza has both.",
    since: "2025-10",
    source: "whatsmeow (source)",
    sandbox: "Sends it through `proto`.",
    sandboxBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "somebody shares their number",
      },
    ],
    client: "Stores the pair and publishes `PHONE_NUMBER_SHARED` once.",
    clientBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "somebody shares their number",
      },
    ],
  },
  {
    id: "kinds-with-a-name",
    fact: "Call logs, scheduled calls, limited sharing, shared group history, status mentions are messages of their own kinds.",
    since: "2026-01",
    source: "whatsmeow (source)",
    sandbox: "Sends them through `proto`.",
    sandboxBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "has a name, beside its fields",
      },
    ],
    client: "Names each in `contentType`, beside WhatsApp's own fields.",
    clientBy: [
      {
        file: "scenarios/newer-contents.test.ts",
        name: "has a name, beside its fields",
      },
    ],
  },
  {
    id: "usernames",
    fact: "Accounts can go by a name and show no number: LID in every stanza, the name in `username` or `participant_username`.",
    since: "2026-08",
    source: "WhiskeySockets/Baileys #2742 (source)",
    sandbox: "Whoever has a username writes by LID, alone and in groups, and nowhere is their number told.",
    sandboxBy: [{ file: "sandbox/people.test.ts", name: "writes by LID, with its username and without a number" }],
    client: "Publishes `senderUsername` beside the LID.",
    clientBy: [
      {
        file: "whatsapp/usernames.test.ts",
        name: "the name of a sender who shows no number",
      },
      { file: "scenarios/usernames.test.ts", name: "somebody with a username writes, is named, and can be answered" },
      { file: "scenarios/usernames.test.ts", name: "in a group the member who shows no number is named" },
    ],
    phone:
      "Which attribute names the sender in a chat of two: `wazapi listen`, have somebody with a username write, and look for `senderUsername`.",
  },
  {
    id: "opaque-picture-notices",
    fact: "Notices about pictures (`<set hash>`, `<delete hash>`) and contacts (`<update hash>`) name whom the address book does not have by a hash: base64 of the first three bytes of the MD5 of number or LID and `WA_ADD_NOTIF`. `from` may then be a LID that nothing else names.",
    since: "2026-05",
    source: "WhatsApp Web's own source (the hash); WhiskeySockets/Baileys #2598 (users: the LID)",
    sandbox: "Such notices are sent by control (`POST /sandbox/phones/{number}/notify`, `wazapi sandbox stanza`).",
    sandboxBy: [
      { file: "whatsapp/hashed-notices.test.ts", name: "a notice of type %s whose %s names somebody by hash" },
    ],
    client:
      "Looks for the hash among pairs, contacts and chats: the picture is asked for anew, and the webhook about a picture names that contact. A hash of nobody it knows is counted (unknown wire `jid contact hash`) and told as it came. An unknown kind of change in these notices is counted, too.",
    clientBy: [
      { file: "pipeline/people-notices.test.ts", name: "a picture of somebody named by hash" },
      { file: "pipeline/people-notices.test.ts", name: "a hash of nobody we know" },
      { file: "pipeline/people-notices.test.ts", name: "contacts that changed" },
      { file: "whatsapp/hashed-notices.test.ts", name: "a notice of type %s whose %s names somebody by hash" },
    ],
    phone:
      "what `from` names in such a notice: `wazapi listen`, and change the picture of somebody who is no contact of the account",
  },
];
