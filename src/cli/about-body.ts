import { contents } from "#callbacks/contents.ts";

const contentKeys = Object.values(contents).flatMap(({ payload }) => Object.keys(payload.shape));

/** In a word what a webhook body is about: its notification, its content, or its status; `-` when there is none. */
export function aboutOf(payload: unknown): string {
  const body: Readonly<Record<string, unknown>> = Object(payload);
  const content = contentKeys.find((key) => Object.hasOwn(body, key));
  const [word] = [body["notification"], content, body["status"]].filter((one) => typeof one === "string");
  return word ?? "-";
}
