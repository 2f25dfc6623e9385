import type { ContentCodec } from "../content-codec.ts";
import { describeMessage } from "./describe.ts";
import { toMessage } from "./to-message.ts";

/** The conversion between control bodies and protobuf messages; holds no state. */
export const contentCodec: ContentCodec = { toMessage, describe: describeMessage };
