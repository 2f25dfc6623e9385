import { z } from "zod";

import type { CarouselContent, OptionListContent } from "#domain/outgoing/interactive.ts";

import { sendRoute } from "../send-kind.ts";
import {
  actionButton,
  choiceId,
  type GivenButton,
  identified,
  label,
  maxButtons,
  refuse,
  replyButton,
  withIds,
} from "./interactive-buttons.ts";
import {
  bodyText,
  experimental,
  headerFields,
  interactiveBase,
  interactiveFields,
  shortText,
  takeHeader,
  takePictureOrFilm,
} from "./interactive-fields.ts";
import { fileSource, named } from "./file-source.ts";
import { orderRoutes } from "./interactive-orders.ts";
import { lineBreaks } from "./words.ts";

const replies = z.array(replyButton).min(1).max(maxButtons);
const actions = z.array(actionButton).min(1).max(maxButtons);

const sendButtonList = sendRoute({
  id: "sendButtonList",
  path: "/send-button-list",
  summary: "Send a text with buttons to answer with",
  experimental,
  body: interactiveFields.extend({
    message: bodyText,
    buttonList: z
      .object({ image: fileSource.nullish(), video: fileSource.nullish(), buttons: replies })
      .optional()
      .meta({ description: "This or `buttons`" }),
    buttons: replies.optional().meta({ description: "Another form of `buttonList.buttons`" }),
    image: headerFields.image,
    video: headerFields.video,
  }),
  content: async ({ body }, context) => {
    const { buttonList } = body;
    const buttons = identified(...oneOf({ "buttonList.buttons": buttonList?.buttons, buttons: body.buttons }));
    const image = buttonList?.image ?? body.image;
    const video = buttonList?.video ?? body.video;
    const within = buttonList?.image || buttonList?.video ? { within: "buttonList." } : {};
    return {
      kind: "buttons",
      text: body.message,
      buttons,
      ...(await takeHeader(context, { title: body.title, image, video, ...within })),
      ...interactiveBase(body),
    };
  },
});

const sendButtonActions = sendRoute({
  id: "sendButtonActions",
  path: "/send-button-actions",
  summary: "Send a text with buttons that answer, open an address, call or copy",
  experimental,
  body: interactiveFields.extend({
    message: bodyText,
    buttonActions: actions.optional().meta({ description: "This or `buttons`; `REPLY` stands only among its own" }),
    buttons: actions.optional().meta({ description: "Another form of `buttonActions`" }),
    ...headerFields,
  }),
  content: async ({ body }, context) => {
    const buttons = identified(...oneOf({ buttonActions: body.buttonActions, buttons: body.buttons }));
    return {
      kind: "buttons",
      text: body.message,
      buttons,
      ...(await takeHeader(context, body)),
      ...interactiveBase(body),
    };
  },
});

const sendButtonOtp = sendRoute({
  id: "sendButtonOtp",
  path: "/send-button-otp",
  summary: "Send a code with a button that copies it",
  experimental,
  body: interactiveFields.extend({
    message: bodyText,
    code: z.union([z.string().min(1).max(256), z.int().nonnegative()], { error: "expected a code" }).transform(String),
    buttonText: label.optional().meta({ description: "Default: `Copiar código`" }),
    image: headerFields.image,
  }),
  content: async ({ body }, context) => ({
    kind: "buttons",
    text: body.message,
    buttons: [{ type: "copy", id: "1", label: body.buttonText ?? "Copiar código", code: body.code }],
    ...(await takeHeader(context, { title: body.title, image: body.image })),
    ...interactiveBase(body),
  }),
});

const row = z.object({
  id: choiceId,
  title: z.string().min(1).max(128),
  description: z.string().max(512).nullish(),
});

/** Most rows of a list, over all sections. */
const maxRows = 100;

const sendOptionList = sendRoute({
  id: "sendOptionList",
  path: "/send-option-list",
  summary: "Send a text with a list to choose from",
  experimental,
  body: interactiveFields.extend({
    message: bodyText,
    optionList: z
      .object({
        title: shortText.nullish(),
        buttonLabel: label,
        options: z.array(row).min(1).max(maxRows),
      })
      .optional()
      .meta({ description: "This, or `buttonLabel` and `sections`" }),
    buttonLabel: label.optional(),
    sections: z
      .array(z.object({ title: shortText.nullish(), rows: z.array(row).min(1).max(maxRows) }))
      .min(1)
      .max(10)
      .optional()
      .meta({ description: "At most 10 sections with 100 rows in all" }),
  }),
  content: ({ body }) => {
    const { optionList } = body;
    const [sections, field] = oneOf({
      "optionList.options": optionList && [{ rows: optionList.options }],
      sections: body.sections,
    });
    const buttonLabel = optionList?.buttonLabel ?? body.buttonLabel ?? refuse("buttonLabel", "is required");
    const title = optionList?.title ?? body.title;
    return {
      kind: "optionList",
      text: body.message,
      buttonLabel,
      sections: sectionsOf(sections, field),
      ...(title ? { header: { title } } : {}),
      ...interactiveBase(body),
    };
  },
});

const cardText = z.string().min(1).max(1024).transform(lineBreaks);
const cardActions = z.array(actionButton).max(maxButtons);

const sendCarousel = sendRoute({
  id: "sendCarousel",
  path: "/send-carousel",
  summary: "Send cards side by side, each with a picture or film and buttons",
  experimental,
  body: interactiveFields.extend({
    message: bodyText.optional(),
    carousel: z
      .array(z.object({ text: cardText, image: fileSource, buttons: cardActions.nullish() }))
      .min(1)
      .max(10)
      .optional()
      .meta({ description: "This or `cards`" }),
    cards: z
      .array(
        z.object({
          mediaUrl: fileSource.meta({ description: "A picture or a film" }),
          body: cardText,
          header: shortText.nullish(),
          footer: shortText.nullish(),
          buttons: cardActions.nullish(),
        }),
      )
      .min(1)
      .max(10)
      .optional()
      .meta({ description: "Another form of `carousel`" }),
    cardType: z.enum(["HSCROLL_CARDS", "ALBUM_IMAGE"]).optional().meta({ description: "Default: `HSCROLL_CARDS`" }),
  }),
  content: async ({ body }, context) => {
    const [given, field] = oneOf<readonly GivenCard[]>({
      carousel: body.carousel?.map(({ text, image, buttons }) => ({ text, source: image, media: "image", buttons })),
      cards: body.cards?.map(({ mediaUrl, body: text, header, footer, buttons }) => ({
        text,
        source: mediaUrl,
        media: "unknown",
        buttons,
        ...(header ? { title: header } : {}),
        ...(footer ? { footer } : {}),
      })),
    });
    // Everything is checked before the first file is fetched.
    const checked = given.map(({ buttons, ...card }, index) => ({
      ...card,
      // Cards may mix answers with other buttons.
      buttons: withIds(buttons ?? [], `${field}.${index}.buttons`),
    }));
    const cards: CarouselContent["cards"][number][] = [];
    for (const { source, media, ...card } of checked) {
      const part = `card-${cards.length}`;
      const at = `${field}.${cards.length}.${media === "image" ? "image" : "mediaUrl"}`;
      cards.push({ ...card, ...(await named(at, takePictureOrFilm(context, { source, media, part }))) });
    }
    return {
      kind: "carousel",
      text: body.message ?? "",
      layout: body.cardType ?? "HSCROLL_CARDS",
      cards,
      ...interactiveBase(body),
    };
  },
});

/** The routes whose messages have buttons. */
export const interactiveRoutes = {
  buttons: [sendButtonList, sendButtonActions, sendButtonOtp],
  optionList: [sendOptionList],
  carousel: [sendCarousel],
  ...orderRoutes,
} as const;

interface GivenCard {
  readonly text: string;
  readonly title?: string;
  readonly footer?: string;
  readonly source: string;
  readonly media: "image" | "unknown";
  readonly buttons: readonly GivenButton[] | null | undefined;
}

/** The form that was given and the name of its field. Throws `invalid_request` unless it is exactly one. */
function oneOf<Form>(forms: Readonly<Record<string, Form | undefined>>): [form: Form, field: string] {
  const given = Object.entries(forms).flatMap(([field, form]) => (form === undefined ? [] : [{ field, form }]));
  const names = Object.keys(forms);
  const [one, another] = given;
  if (one === undefined) return refuse(names[0] ?? "", "is required");
  if (another !== undefined) refuse(another.field, `only one of ${names.join(" and ")}`);
  return [one.form, one.field];
}

/** The sections of a list; ids are looked at over all of them. */
function sectionsOf(
  sections: readonly { readonly title?: string | null | undefined; readonly rows: readonly z.output<typeof row>[] }[],
  field: string,
): OptionListContent["sections"] {
  const rows = sections.flatMap((section) => section.rows);
  if (rows.length > maxRows) refuse(field, `at most ${maxRows} rows in all`);
  const identifiedRows = withIds(
    rows.map(({ id, title, description }) => ({
      id: id ?? undefined,
      title,
      ...(description ? { description } : {}),
    })),
    field,
  );
  let next = 0;
  return sections.map(({ title, rows }) => ({
    title: title ?? "",
    rows: identifiedRows.slice(next, (next += rows.length)),
  }));
}
