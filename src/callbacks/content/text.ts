import { z } from "zod";
import { defineContent } from "../definition.ts";

/** Text, a link with its preview, or the invitation to a group. */
export const text = defineContent({
  content: "text",
  summary: "Text",
  payload: z.object({
    text: z.object({
      message: z.string(),
      title: z.string().optional(),
      description: z.string().optional(),
      url: z.string().optional(),
      thumbnailUrl: z.string().optional(),
    }),
  }),
  render: (content, { media }) => {
    const thumbnailUrl = content.thumbnail === true ? media("thumbnail")?.url : undefined;
    return {
      text: {
        message: content.text,
        ...(content.title === undefined ? {} : { title: content.title }),
        ...(content.description === undefined ? {} : { description: content.description }),
        ...(content.url === undefined ? {} : { url: content.url }),
        ...(typeof thumbnailUrl === "string" ? { thumbnailUrl } : {}),
      },
    };
  },
});
