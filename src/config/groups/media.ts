import { z } from "zod";
import { option } from "../option.ts";
import { bytes, duration, retention, text, url, yesNo } from "../value.ts";

/** Files of messages: where they lie, how long, and how customers get at them. */
export const mediaOptions = {
  media: z.object({
    directory: option(
      {
        env: "WAZAPI_MEDIA_DIR",
        aliases: ["MEDIA_LOCAL_STORAGE_PATH"],
        form: "directory",
        path: true,
        doc: "Holds the files of messages.",
      },
      text().default("media"),
    ),
    publicUrl: option(
      {
        env: "PUBLIC_URL",
        form: "URL",
        doc: "Where customers reach this server: the beginning of every media URL. The address it listens on when not given.",
      },
      url("http", "https").exactOptional(),
    ),
    linkMs: option(
      {
        env: "WAZAPI_MEDIA_LINK_EXPIRY",
        aliases: ["MEDIA_LOCAL_URL_EXPIRY"],
        form: "24h",
        doc: "How long a signed media URL of this server can be used, counted from the delivery of its webhook.",
      },
      duration(60_000).default(86_400_000),
    ),
    waitMs: option(
      {
        env: "WAZAPI_MEDIA_WAIT",
        form: "20s",
        doc: "With S3: how long a webhook waits for the upload of its files; afterwards it carries URLs of this server.",
      },
      duration(0, 300_000).default(20_000),
    ),
    keepMs: option(
      {
        env: "WAZAPI_KEEP_MEDIA",
        aliases: ["LOCAL_MEDIA_RETENTION", "S3_MEDIA_RETENTION"],
        form: "30d",
        doc: "How long files of received messages stay.",
      },
      retention().default(30 * 86_400_000),
    ),
    maxDocumentBytes: option(
      { env: "WAZAPI_MAX_DOCUMENT", form: "2048MiB", doc: "Largest document that is taken for sending." },
      bytes(1_024, 2_048 * 1_048_576).default(2_048 * 1_048_576),
    ),
    ffmpeg: option(
      {
        env: "WAZAPI_FFMPEG",
        form: "auto, builtin, none, or a path",
        doc: "Converts sounds and films: `auto` takes the one of this machine, else the one that comes with wazapi.",
      },
      text().default("auto"),
    ),
    s3: z.object({
      bucket: option(
        {
          env: "S3_BUCKET_NAME",
          aliases: ["S3_BUCKET"],
          form: "text",
          doc: "Bucket that received files are copied to; without one they stay on this disk.",
        },
        text().exactOptional(),
      ),
      endpoint: option(
        {
          env: "S3_ENDPOINT",
          form: "URL",
          doc: "S3 server that is not AWS, like `https://minio.example`.",
        },
        text().exactOptional(),
      ),
      ssl: option(
        { env: "S3_USE_SSL", form: "true, false", doc: "The scheme of an endpoint that names none." },
        yesNo.default(true),
      ),
      region: option({ env: "S3_REGION", form: "text", doc: "Region of the bucket." }, text().default("us-east-1")),
      accessKeyId: option(
        {
          env: "S3_ACCESS_KEY_ID",
          aliases: ["S3_ACCESS_KEY"],
          form: "text",
          secret: true,
          doc: "Key of the bucket; without one the default chain of AWS is asked (environment, files, roles).",
        },
        text().exactOptional(),
      ),
      secretAccessKey: option(
        {
          env: "S3_SECRET_ACCESS_KEY",
          aliases: ["S3_SECRET_KEY"],
          form: "text",
          secret: true,
          doc: "The secret half of that key.",
        },
        text().exactOptional(),
      ),
      pathStyle: option(
        { env: "WAZAPI_S3_PATH_STYLE", form: "true, false", doc: "The bucket in the path and not in the host name." },
        yesNo.default(false),
      ),
      prefix: option(
        { env: "WAZAPI_S3_PREFIX", form: "text", doc: "Stands before every key in the bucket." },
        text().exactOptional(),
      ),
      presignMs: option(
        {
          env: "S3_URL_EXPIRATION",
          form: "6d",
          doc: "How long a presigned URL of the bucket can be used; S3 allows seven days at most.",
        },
        duration(60_000, 7 * 86_400_000).default(6 * 86_400_000),
      ),
      uploadOutgoing: option(
        {
          env: "WAZAPI_S3_UPLOAD_OUTGOING",
          form: "true, false",
          doc: "Copy files that are to be sent, too: for nodes that share no disk.",
        },
        yesNo.default(false),
      ),
    }),
  }),
};
