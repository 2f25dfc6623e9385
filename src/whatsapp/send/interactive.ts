import { proto, type BinaryNode } from "@whiskeysockets/baileys";
import { randomBytes } from "node:crypto";
import type {
  CarouselContent,
  CarouselLayout,
  InteractiveContent,
  OptionListContent,
} from "#domain/outgoing/interactive.ts";
import { headerOf, uploadHeader } from "./interactive-media.ts";
import { orderFlow, orderUpdateFlow, pixFlow } from "./interactive-orders.ts";
import { interactiveText } from "./interactive-text.ts";
import { contextOf } from "./mentions.ts";
import { bizNodes, type FlowButton, flowOfButton, nativeFlow } from "./interactive-wire.ts";
import type { BuildPayload, Payload, PayloadDeps, PayloadInput, PayloadTable } from "./payload.ts";
import { textPayload } from "./text.ts";

/** How messages with buttons, lists, cards and bills become messages. */
export const interactivePayloads: PayloadTable<InteractiveContent> = {
  buttons: orText(async (deps, input, signal) => {
    const flows = input.content.buttons.map(flowOfButton);
    return await flowPayload(deps, { ...input, flows, node: bizNodes.buttons }, signal);
  }),
  optionList: orText((_deps, input) => listPayload(input)),
  carousel: orText(carouselPayload),
  pix: orText(async (deps, input, signal) => {
    const flows = [pixFlow(input.content)];
    return await flowPayload(deps, { ...input, flows, node: bizNodes.pix }, signal);
  }),
  order: orText(async (deps, input, signal) => {
    const flows = [orderFlow(input.content)];
    return await flowPayload(deps, { ...input, flows, node: bizNodes.order }, signal);
  }),
  orderUpdate: orText(async (deps, input, signal) => {
    const flows = [orderUpdateFlow(input.content)];
    return await flowPayload(deps, { ...input, flows, node: bizNodes.orderUpdate }, signal);
  }),
};

/** The same, or the plain text that says as much when that was asked for; a picture or film stays above it. */
function orText<Content extends InteractiveContent>(build: BuildPayload<Content>): BuildPayload<Content> {
  return async (deps, input, signal) => {
    const { content, options } = input;
    if (content.asText !== true) return await build(deps, input, signal);
    const text = interactiveText(content);
    const { header } = content;
    if (header?.media === undefined) return textPayload({ ...input, content: { kind: "text", text } });
    const { media, file } = header;
    const words = { caption: text, ...contextOf(options) };
    return { message: reportable(await uploadHeader(deps, { ...input, media, file, with: words }, signal)) };
  };
}

/** A text with flows under it. */
async function flowPayload(
  deps: PayloadDeps,
  input: PayloadInput<Exclude<InteractiveContent, CarouselContent | OptionListContent>> & {
    readonly flows: readonly FlowButton[];
    readonly node: BinaryNode;
  },
  signal: AbortSignal,
): Promise<Payload> {
  const { content, options, flows, node } = input;
  const { header } = content;
  return {
    message: reportable({
      interactiveMessage: {
        ...(header !== undefined && { header: await headerOf(deps, input, { header, signal }) }),
        ...texts(content),
        ...nativeFlow(flows),
        ...contextOf(options),
      },
    }),
    nodes: [node],
  };
}

/** A list still goes as the message that lists have always been: every client can show and answer it. */
function listPayload({ content, options }: PayloadInput<OptionListContent>): Payload {
  const { header, text, footer, buttonLabel, sections } = content;
  return {
    message: reportable({
      listMessage: {
        listType: proto.Message.ListMessage.ListType.SINGLE_SELECT,
        ...(header?.title !== undefined && { title: header.title }),
        description: text,
        buttonText: buttonLabel,
        ...(footer !== undefined && { footerText: footer }),
        sections: sections.map(({ title, rows }) => ({
          title,
          rows: rows.map(({ id, title: rowTitle, description }) => ({
            rowId: id,
            title: rowTitle,
            ...(description !== undefined && { description }),
          })),
        })),
        ...contextOf(options),
      },
    }),
    nodes: [bizNodes.list],
  };
}

const { CarouselCardType } = proto.Message.InteractiveMessage.CarouselMessage;

const cardTypes: Readonly<Record<CarouselLayout, proto.Message.InteractiveMessage.CarouselMessage.CarouselCardType>> = {
  HSCROLL_CARDS: CarouselCardType.HSCROLL_CARDS,
  ALBUM_IMAGE: CarouselCardType.ALBUM_IMAGE,
};

/** One card after the other: never more than one file at a time. */
async function carouselPayload(
  deps: PayloadDeps,
  input: PayloadInput<CarouselContent>,
  signal: AbortSignal,
): Promise<Payload> {
  const { content, options } = input;
  const cards: proto.Message.IInteractiveMessage[] = [];
  for (const { title, media, file, buttons, ...card } of content.cards) {
    const header = { ...(title !== undefined && { title }), media, file };
    cards.push({
      header: await headerOf(deps, input, { header, signal }),
      ...texts(card),
      ...nativeFlow(buttons.map(flowOfButton)),
    });
  }
  return {
    message: reportable({
      interactiveMessage: {
        ...texts(content),
        carouselMessage: { cards, messageVersion: 1, carouselCardType: cardTypes[content.layout] },
        ...contextOf(options),
      },
    }),
    nodes: [bizNodes.buttons],
  };
}

/** WhatsApp protocol: with what a recipient proves a report. */
function reportable(message: proto.IMessage): proto.IMessage {
  return { ...message, messageContextInfo: { messageSecret: randomBytes(32) } };
}

function texts({ text, footer }: { readonly text: string; readonly footer?: string }) {
  return {
    ...(text !== "" && { body: { text } }),
    ...(footer !== undefined && { footer: { text: footer } }),
  };
}
