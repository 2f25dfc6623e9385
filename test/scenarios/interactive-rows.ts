import { expect } from "vitest";
import {
  call,
  copy,
  dot,
  type Expected,
  listNodes,
  mixed,
  pdf,
  picture,
  quickReply,
  reply,
  type Row,
  site,
  template,
} from "./interactive.ts";

const yesNo: Expected = {
  message: {
    body: { text: "Well?" },
    nativeFlowMessage: { messageVersion: 1, buttons: [reply("yes", "Yes"), reply("no", "No")] },
  },
  nodes: mixed,
  webhook: template([quickReply(0, "yes", "Yes"), quickReply(1, "no", "No")]),
};
const threeActions: Expected = {
  message: {
    header: { title: "T", hasMediaAttachment: false },
    body: { text: "Well?" },
    footer: { text: "F" },
    nativeFlowMessage: { buttons: [site, call, copy] },
  },
  nodes: mixed,
  webhook: template(
    [
      { index: 0, urlButton: { displayText: "Site", url: "https://a.example" } },
      { index: 1, callButton: { displayText: "Call", phoneNumber: "+5511999999999" } },
      {
        index: 2,
        urlButton: {
          displayText: "Copy",
          url: "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp123456",
        },
      },
    ],
    { title: "T", footer: "F" },
  ),
};
const menu: Expected = {
  type: "list",
  message: {
    listType: "SINGLE_SELECT",
    title: "Menu",
    description: "Choose",
    buttonText: "Open",
    sections: [
      {
        rows: [
          { rowId: "a", title: "A", description: "first" },
          { rowId: "b", title: "B" },
        ],
      },
    ],
  },
  nodes: listNodes,
  webhook: {
    listMessage: {
      title: "Menu",
      description: "Choose",
      buttonText: "Open",
      sections: [
        {
          options: [
            { title: "A", description: "first", rowId: "a" },
            { title: "B", description: "", rowId: "b" },
          ],
        },
      ],
    },
  },
};
const cards: Expected = {
  message: {
    body: { text: "Look" },
    carouselMessage: {
      messageVersion: 1,
      carouselCardType: "HSCROLL_CARDS",
      cards: [
        { header: picture, body: { text: "One" }, nativeFlowMessage: { buttons: [site, call] } },
        { header: picture, body: { text: "Two" }, nativeFlowMessage: { buttons: [reply("two", "Take")] } },
      ],
    },
  },
  nodes: mixed,
  webhook: {
    carouselMessage: {
      text: "Look",
      cards: [
        {
          message: "One",
          header: { image: { mimeType: expect.any(String) } },
          hydratedButtons: [{ index: 0 }, { index: 1 }],
        },
        { message: "Two", hydratedButtons: [quickReply(0, "two", "Take")] },
      ],
    },
  },
};

/** Buttons. */
export const buttonRows: readonly Row[] = [
  [
    "reply buttons, Z-API",
    "/send-button-list",
    {
      message: "Well?",
      buttonList: {
        buttons: [
          { id: "yes", label: "Yes" },
          { id: "no", label: "No" },
        ],
      },
    },
    yesNo,
  ],
  [
    "reply buttons, Go",
    "/send-button-list",
    {
      message: "Well?",
      buttons: [
        { id: "yes", title: "Yes" },
        { id: "no", title: "No" },
      ],
    },
    yesNo,
  ],
  [
    "reply buttons under a picture",
    "/send-button-list",
    { message: "Well?", buttonList: { image: dot, buttons: [{ id: "yes", label: "Yes" }] } },
    {
      message: { header: picture, nativeFlowMessage: { buttons: [reply("yes", "Yes")] } },
      nodes: mixed,
      webhook: template([quickReply(0, "yes", "Yes")], { header: { image: { mimeType: expect.any(String) } } }),
    },
  ],
  [
    "actions, Z-API",
    "/send-button-actions",
    {
      message: "Well?",
      title: "T",
      footer: "F",
      buttonActions: [
        { type: "URL", label: "Site", url: "https://a.example" },
        { type: "CALL", label: "Call", phone: "5511999999999" },
        { type: "URL", label: "Copy", url: "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp123456" },
      ],
    },
    threeActions,
  ],
  [
    "actions, Go",
    "/send-button-actions",
    {
      message: "Well?",
      title: "T",
      footer: "F",
      buttons: [
        { id: "1", type: "cta_url", label: "Site", url: "https://a.example" },
        { id: "2", type: "cta_call", label: "Call", phone: "5511999999999" },
        { id: "3", type: "cta_copy", label: "Copy", copyCode: "123456" },
      ],
    },
    threeActions,
  ],
  [
    "actions under a document",
    "/send-button-actions",
    {
      message: "Well?",
      document: pdf,
      documentFilename: "bill.pdf",
      buttons: [{ type: "cta_copy", label: "Copy", copyCode: "123456" }],
    },
    {
      message: {
        header: { hasMediaAttachment: true, documentMessage: { fileName: "bill.pdf", mimetype: "application/pdf" } },
        nativeFlowMessage: { buttons: [copy] },
      },
      nodes: mixed,
      webhook: template([{ index: 0 }], { header: { document: { fileName: "bill.pdf" } } }),
    },
  ],
  [
    "a code",
    "/send-button-otp",
    { message: "Well?", code: "123456", buttonText: "Copy" },
    {
      message: { body: { text: "Well?" }, nativeFlowMessage: { buttons: [copy] } },
      nodes: mixed,
      webhook: template([{ index: 0 }]),
    },
  ],
];

/** Lists and cards. */
export const menuRows: readonly Row[] = [
  [
    "a list, Z-API",
    "/send-option-list",
    {
      message: "Choose",
      optionList: {
        title: "Menu",
        buttonLabel: "Open",
        options: [
          { id: "a", title: "A", description: "first" },
          { id: "b", title: "B", description: "" },
        ],
      },
    },
    menu,
  ],
  [
    "a list, Go",
    "/send-option-list",
    {
      message: "Choose",
      title: "Menu",
      buttonLabel: "Open",
      sections: [
        {
          title: "All",
          rows: [
            { id: "a", title: "A", description: "first" },
            { id: "b", title: "B" },
          ],
        },
      ],
    },
    menu,
  ],
  [
    "cards, Z-API",
    "/send-carousel",
    {
      message: "Look",
      carousel: [
        {
          text: "One",
          image: dot,
          buttons: [
            { type: "URL", label: "Site", url: "https://a.example" },
            { type: "CALL", label: "Call", phone: "5511999999999" },
          ],
        },
        { text: "Two", image: dot, buttons: [{ type: "REPLY", label: "Take", id: "two" }] },
      ],
    },
    cards,
  ],
  [
    "cards, Go",
    "/send-carousel",
    {
      message: "Look",
      cards: [
        {
          body: "One",
          mediaUrl: dot,
          buttons: [
            { id: "1", type: "cta_url", label: "Site", url: "https://a.example" },
            { id: "2", type: "cta_call", label: "Call", phone: "5511999999999" },
          ],
        },
        { body: "Two", mediaUrl: dot, buttons: [{ id: "two", type: "quick_reply", label: "Take" }] },
      ],
    },
    cards,
  ],
];
