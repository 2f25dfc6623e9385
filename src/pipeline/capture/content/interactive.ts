import type { proto } from "@whiskeysockets/baileys";
import type { HydratedButton } from "#domain/captured-content.ts";
import type { CapturedMedia } from "#domain/captured.ts";
import { numberOf } from "../numbers.ts";
import { convertNativeFlow, parsedParams, word } from "./commerce.ts";
import { type Converted, textOr } from "./converted.ts";
import { fileOf, headerOf } from "./files.ts";

/** A button was pressed. */
export function convertButtonReply(message: proto.Message.IButtonsResponseMessage): Converted {
  return {
    content: {
      type: "buttonReply",
      buttonId: textOr(message.selectedButtonId),
      message: textOr(message.selectedDisplayText),
    },
  };
}

/** A button of a template was pressed. */
export function convertTemplateReply(message: proto.Message.ITemplateButtonReplyMessage): Converted {
  return {
    content: {
      type: "buttonReply",
      buttonId: textOr(message.selectedId),
      message: textOr(message.selectedDisplayText),
    },
  };
}

/** An option of a list was chosen. */
export function convertListReply(message: proto.Message.IListResponseMessage): Converted {
  return {
    content: {
      type: "listReply",
      message: textOr(message.description),
      title: textOr(message.title),
      selectedRowId: textOr(message.singleSelectReply?.selectedRowId),
    },
  };
}

/** An answer of the newer kind of buttons and lists; undefined for flows that are neither. */
export function convertInteractiveReply(message: proto.Message.IInteractiveResponseMessage): Converted | undefined {
  const reply = message.nativeFlowResponseMessage;
  const params = parsedParams(reply?.paramsJson);
  const text = textOr(message.body?.text);
  if (reply?.name === "quick_reply" || reply?.name === "menu_options") {
    return { content: { type: "buttonReply", buttonId: word(params["id"]), message: text || word(params["title"]) } };
  }
  if (reply?.name !== "single_select") return undefined;
  return {
    content: {
      type: "listReply",
      message: word(params["description"]),
      title: text || word(params["title"]),
      selectedRowId: word(params["id"]),
    },
  };
}

/** A list of options. */
export function convertList(message: proto.Message.IListMessage): Converted {
  return {
    content: {
      type: "list",
      title: textOr(message.title),
      description: textOr(message.description),
      footerText: textOr(message.footerText),
      buttonText: textOr(message.buttonText),
      sections: (message.sections ?? []).map((section) => ({
        title: textOr(section.title),
        options: (section.rows ?? []).map((row) => ({
          title: textOr(row.title),
          description: textOr(row.description),
          rowId: textOr(row.rowId),
        })),
      })),
    },
  };
}

/** Text, picture or film with buttons. */
export function convertButtons(message: proto.Message.IButtonsMessage): Converted {
  const file: CapturedMedia | undefined = message.imageMessage
    ? fileOf("image", message.imageMessage, "header")
    : message.videoMessage
      ? fileOf("video", message.videoMessage, "header")
      : undefined;
  return {
    content: {
      type: "buttons",
      message: textOr(message.contentText),
      header: file?.kind === "image" || file?.kind === "video" ? file.kind : "none",
      buttons: (message.buttons ?? []).map((button) => ({
        buttonId: textOr(button.buttonId),
        type: numberOf(button.type),
        displayText: textOr(button.buttonText?.displayText),
      })),
    },
    ...(file === undefined ? {} : { media: [file] }),
  };
}

/** A template of the business platform, in either of its two forms. */
export function convertTemplate(message: proto.Message.ITemplateMessage): Converted | undefined {
  const template = message.hydratedTemplate ?? message.hydratedFourRowTemplate;
  if (template === null || template === undefined) {
    return message.interactiveMessageTemplate ? convertInteractive(message.interactiveMessageTemplate) : undefined;
  }
  const { header, media } = headerOf(template, "header");
  return {
    content: {
      type: "template",
      header,
      message: textOr(template.hydratedContentText),
      footer: textOr(template.hydratedFooterText),
      title: textOr(template.hydratedTitleText),
      templateId: textOr(template.templateId ?? message.templateId),
      buttons: (template.hydratedButtons ?? []).map(hydratedButton),
    },
    ...(media.length === 0 ? {} : { media }),
  };
}

/** Cards, payments, or a template in its newest form. */
export function convertInteractive(message: proto.Message.IInteractiveMessage): Converted {
  if (message.carouselMessage) return convertCarousel(message, message.carouselMessage);
  const flow = convertNativeFlow(message);
  if (flow !== undefined) return flow;
  const { header, media } = headerOf(message.header, "header");
  return {
    content: {
      type: "template",
      header,
      message: textOr(message.body?.text),
      footer: textOr(message.footer?.text),
      title: textOr(message.header?.title),
      templateId: "",
      buttons: flowButtons(message.nativeFlowMessage),
    },
    ...(media.length === 0 ? {} : { media }),
  };
}

function convertCarousel(
  message: proto.Message.IInteractiveMessage,
  carousel: proto.Message.InteractiveMessage.ICarouselMessage,
): Converted {
  const headers = (carousel.cards ?? []).map((card, index) => headerOf(card.header, `card-${index}`));
  return {
    content: {
      type: "carousel",
      text: textOr(message.body?.text),
      cards: (carousel.cards ?? []).map((card, index) => ({
        header: headers[index]?.header ?? { type: "none" },
        message: textOr(card.body?.text),
        footer: textOr(card.footer?.text),
        title: textOr(card.header?.title),
        buttons: flowButtons(card.nativeFlowMessage),
      })),
    },
    media: headers.flatMap(({ media }) => media),
  };
}

function hydratedButton(button: proto.IHydratedTemplateButton, position: number): HydratedButton {
  const { urlButton, quickReplyButton, callButton } = button;
  return {
    index: button.index ?? position,
    ...(urlButton ? { urlButton: { displayText: textOr(urlButton.displayText), url: textOr(urlButton.url) } } : {}),
    ...(quickReplyButton
      ? { quickReplyButton: { displayText: textOr(quickReplyButton.displayText), id: textOr(quickReplyButton.id) } }
      : {}),
    ...(callButton
      ? { callButton: { displayText: textOr(callButton.displayText), phoneNumber: textOr(callButton.phoneNumber) } }
      : {}),
  };
}

/** WhatsApp protocol: newer buttons are named flows with JSON parameters. */
function flowButtons(
  flow: proto.Message.InteractiveMessage.INativeFlowMessage | null | undefined,
): readonly HydratedButton[] {
  return (flow?.buttons ?? []).map((button, index) => {
    const params = parsedParams(button.buttonParamsJson);
    const displayText = word(params["display_text"]);
    switch (button.name) {
      case "cta_url":
        return { index, urlButton: { displayText, url: word(params["url"]) } };
      case "cta_call":
        return { index, callButton: { displayText, phoneNumber: word(params["phone_number"]) } };
      case "cta_copy":
        return {
          index,
          urlButton: {
            displayText,
            url: `https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp${word(params["copy_code"])}`,
          },
        };
      default:
        return { index, quickReplyButton: { displayText, id: word(params["id"]) } };
    }
  });
}
