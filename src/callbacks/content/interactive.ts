import { z } from "zod";
import type { HydratedButton } from "#domain/captured-content.ts";
import { defineContent } from "../definition.ts";
import { headerObject, renderHeader } from "./files.ts";

const button = z.object({
  index: z.int(),
  urlButton: z.object({ displayText: z.string(), url: z.string() }).optional(),
  quickReplyButton: z.object({ displayText: z.string(), id: z.string() }).optional(),
  callButton: z.object({ displayText: z.string(), phoneNumber: z.string() }).optional(),
});

/** A button was pressed. */
export const buttonReply = defineContent({
  content: "buttonReply",
  summary: "A button was pressed",
  payload: z.object({ buttonsResponseMessage: z.object({ buttonId: z.string(), message: z.string() }) }),
  render: ({ buttonId, message }) => ({ buttonsResponseMessage: { buttonId, message } }),
});

/** An option of a list was chosen. */
export const listReply = defineContent({
  content: "listReply",
  summary: "An option of a list was chosen",
  payload: z.object({
    listResponseMessage: z.object({ message: z.string(), title: z.string(), selectedRowId: z.string() }),
  }),
  render: ({ message, title, selectedRowId }) => ({ listResponseMessage: { message, title, selectedRowId } }),
});

/** A list of options. */
export const list = defineContent({
  content: "list",
  summary: "A list of options",
  payload: z.object({
    listMessage: z.object({
      description: z.string(),
      footerText: z.string(),
      title: z.string(),
      buttonText: z.string(),
      sections: z.array(
        z.object({
          title: z.string(),
          options: z.array(z.object({ title: z.string(), description: z.string(), rowId: z.string() })),
        }),
      ),
    }),
  }),
  render: ({ description, footerText, title, buttonText, sections }) => ({
    listMessage: {
      description,
      footerText,
      title,
      buttonText,
      sections: sections.map((section) => ({
        title: section.title,
        options: section.options.map((option) => ({ ...option })),
      })),
    },
  }),
});

/** Text, picture or film with buttons. */
export const buttons = defineContent({
  content: "buttons",
  summary: "Text, picture or film with buttons",
  payload: z.object({
    buttonsMessage: z.object({
      imageUrl: z.string().nullable(),
      videoUrl: z.string().nullable(),
      message: z.string(),
      buttons: z.array(
        z.object({ buttonId: z.string(), type: z.int(), buttonText: z.object({ displayText: z.string() }) }),
      ),
    }),
  }),
  render: (content, { media }) => {
    const url = media("header")?.url ?? null;
    return {
      buttonsMessage: {
        imageUrl: content.header === "image" ? url : null,
        videoUrl: content.header === "video" ? url : null,
        message: content.message,
        buttons: content.buttons.map(({ buttonId, type, displayText }) => ({
          buttonId,
          type,
          buttonText: { displayText },
        })),
      },
    };
  },
});

/** A template of the business platform. */
export const template = defineContent({
  content: "template",
  summary: "A template with header, text, footer and buttons",
  payload: z.object({
    hydratedTemplate: z.object({
      header: headerObject,
      message: z.string(),
      footer: z.string(),
      title: z.string(),
      templateId: z.string(),
      hydratedButtons: z.array(button),
    }),
  }),
  render: (content, context) => ({
    hydratedTemplate: {
      header: renderHeader(content.header, "header", context),
      message: content.message,
      footer: content.footer,
      title: content.title,
      templateId: content.templateId,
      hydratedButtons: content.buttons.map(renderButton),
    },
  }),
});

/** Cards side by side. */
export const carousel = defineContent({
  content: "carousel",
  summary: "Cards side by side",
  payload: z.object({
    carouselMessage: z.object({
      text: z.string(),
      cards: z.array(
        z.object({
          header: headerObject,
          message: z.string(),
          footer: z.string(),
          title: z.string(),
          hydratedButtons: z.array(button),
        }),
      ),
    }),
  }),
  render: (content, context) => ({
    carouselMessage: {
      text: content.text,
      cards: content.cards.map((card, index) => ({
        header: renderHeader(card.header, `card-${index}`, context),
        message: card.message,
        footer: card.footer,
        title: card.title,
        hydratedButtons: card.buttons.map(renderButton),
      })),
    },
  }),
});

function renderButton({ index, urlButton, quickReplyButton, callButton }: HydratedButton): z.input<typeof button> {
  return {
    index,
    ...(urlButton === undefined ? {} : { urlButton }),
    ...(quickReplyButton === undefined ? {} : { quickReplyButton }),
    ...(callButton === undefined ? {} : { callButton }),
  };
}
