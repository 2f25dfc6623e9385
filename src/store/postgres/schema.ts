import { bigint, boolean, customType, integer, json, pgTable, primaryKey, smallint, text } from "drizzle-orm/pg-core";
import type { Connection, InstanceSettings, Subscription } from "#domain/instance.ts";
import type { ChatLimits } from "#domain/chat-limits.ts";
import type { Outgoing } from "#domain/content.ts";
import type { StoredHooks } from "../stored-hooks.ts";

// The tables of migrations/postgres as drizzle sees them. The migrations are the law; a test compares.

const bytes = customType<{ data: Buffer }>({ dataType: () => "bytea" });
const whole = (name: string) => bigint(name, { mode: "number" });

/** Single values of the database itself. */
export const meta = pgTable("meta", { key: text("key").primaryKey(), value: bytes("value").notNull() });

export const instances = pgTable("instances", {
  ordinal: whole("ordinal").primaryKey().generatedByDefaultAsIdentity(),
  instanceId: text("instance_id").notNull(),
  name: text("name").notNull(),
  nameFolded: text("name_folded").notNull(),
  sealedToken: bytes("sealed_token").notNull(),
  settings: json("settings").$type<InstanceSettings>().notNull(),
  hooks: json("hooks").$type<StoredHooks>().notNull(),
  subscription: json("subscription").$type<Subscription>().notNull(),
  sealedWebhookSecrets: bytes("sealed_webhook_secrets").notNull(),
  connection: json("connection").$type<Connection>().notNull(),
  createdAt: whole("created_at").notNull(),
  updatedAt: whole("updated_at").notNull(),
});

export const instanceCounters = pgTable("instance_counters", {
  instanceId: text("instance_id").primaryKey(),
  eventSequence: whole("event_sequence").notNull(),
});

export const connectionHistory = pgTable("connection_history", {
  historyId: whole("history_id").primaryKey().generatedByDefaultAsIdentity(),
  instanceId: text("instance_id").notNull(),
  connection: json("connection").$type<Connection>().notNull(),
  at: whole("at").notNull(),
});

export const settingsAudit = pgTable("settings_audit", {
  auditId: whole("audit_id").primaryKey().generatedByDefaultAsIdentity(),
  instanceId: text("instance_id").notNull(),
  at: whole("at").notNull(),
  change: json("change").$type<Readonly<Record<string, unknown>>>().notNull(),
});

export const instanceRemovals = pgTable("instance_removals", { instanceId: text("instance_id").primaryKey() });

export const authFences = pgTable("auth_fences", {
  instanceId: text("instance_id").primaryKey(),
  token: whole("token").notNull(),
});

export const authCreds = pgTable("auth_creds", {
  instanceId: text("instance_id").primaryKey(),
  sealedCreds: bytes("sealed_creds").notNull(),
});

export const authKeys = pgTable(
  "auth_keys",
  {
    instanceId: text("instance_id").notNull(),
    type: text("type").notNull(),
    keyId: text("key_id").notNull(),
    sealedValue: bytes("sealed_value").notNull(),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.type, table.keyId] })],
);

export const journal = pgTable("journal", {
  journalId: whole("journal_id").primaryKey().generatedByDefaultAsIdentity(),
  instanceId: text("instance_id").notNull(),
  kind: text("kind", { enum: ["plaintext", "stanza"] }).notNull(),
  contentHash: text("content_hash").notNull(),
  stanzaId: text("stanza_id").notNull(),
  attrs: text("attrs").notNull(),
  sealedPayload: bytes("sealed_payload").notNull(),
  at: whole("at").notNull(),
  settledAt: whole("settled_at"),
});

export const events = pgTable("events", {
  position: whole("position").primaryKey().generatedByDefaultAsIdentity(),
  eventId: text("event_id").notNull(),
  instanceId: text("instance_id").notNull(),
  sequence: whole("sequence").notNull(),
  kind: text("kind").notNull(),
  type: text("type").notNull(),
  chatId: text("chat_id"),
  messageId: text("message_id"),
  occurredAt: whole("occurred_at").notNull(),
  captured: text("captured").notNull(),
  slotMask: integer("slot_mask").notNull(),
  createdAt: whole("created_at").notNull(),
});

export const deliveries = pgTable("deliveries", {
  deliveryId: whole("delivery_id").primaryKey().generatedByDefaultAsIdentity(),
  position: whole("position").notNull(),
  sequence: whole("sequence").notNull(),
  instanceId: text("instance_id").notNull(),
  hookId: text("hook_id").notNull(),
  url: text("url").notNull(),
  slotMask: integer("slot_mask").notNull(),
  state: text("state", { enum: ["pending", "delivered", "dead", "discarded"] }).notNull(),
  attempts: integer("attempts").notNull(),
  dueAt: whole("due_at").notNull(),
  lastError: text("last_error"),
  createdAt: whole("created_at").notNull(),
  updatedAt: whole("updated_at").notNull(),
});

export const attempts = pgTable(
  "attempts",
  {
    deliveryId: whole("delivery_id").notNull(),
    ordinal: integer("ordinal").notNull(),
    at: whole("at").notNull(),
    durationMs: whole("duration_ms").notNull(),
    status: integer("status"),
    error: text("error"),
    answer: text("answer"),
    counted: boolean("counted").notNull(),
  },
  (table) => [primaryKey({ columns: [table.deliveryId, table.ordinal] })],
);

export const lanes = pgTable(
  "lanes",
  {
    instanceId: text("instance_id").notNull(),
    hookId: text("hook_id").notNull(),
    url: text("url").notNull(),
    dueAt: whole("due_at"),
    owner: text("owner"),
    fencingToken: whole("fencing_token").notNull().default(0),
    leaseUntil: whole("lease_until").notNull().default(0),
    breakerState: text("breaker_state", { enum: ["closed", "open"] })
      .notNull()
      .default("closed"),
    breakerFailures: integer("breaker_failures").notNull().default(0),
    breakerProbeAt: whole("breaker_probe_at").notNull().default(0),
    breakerOpenedAt: whole("breaker_opened_at").notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.hookId] })],
);

export const queue = pgTable("queue", {
  sequence: whole("sequence").primaryKey().generatedByDefaultAsIdentity(),
  instanceId: text("instance_id").notNull(),
  zaapId: text("zaap_id").notNull(),
  messageId: text("message_id").notNull(),
  outgoing: json("outgoing").$type<Outgoing>().notNull(),
  state: text("state", { enum: ["queued", "sending", "sent", "failed", "canceled"] }).notNull(),
  attempts: integer("attempts").notNull(),
  dueAt: whole("due_at").notNull(),
  scheduledAt: whole("scheduled_at"),
  held: smallint("held"),
  delayMs: whole("delay_ms"),
  typingMs: whole("typing_ms").notNull(),
  lastError: text("last_error"),
  createdAt: whole("created_at").notNull(),
  updatedAt: whole("updated_at").notNull(),
  chatId: text("chat_id").notNull().default(""),
  waitsFor: text("waits_for", { enum: ["restriction"] }),
});

export const queueLines = pgTable("queue_lines", {
  instanceId: text("instance_id").primaryKey(),
  dueAt: whole("due_at"),
  owner: text("owner"),
  fencingToken: whole("fencing_token").notNull().default(0),
  leaseUntil: whole("lease_until").notNull().default(0),
  claimedSequence: whole("claimed_sequence"),
});

export const chatLimits = pgTable("chat_limits", {
  instanceId: text("instance_id").primaryKey(),
  limits: json("limits").$type<ChatLimits>().notNull(),
  updatedAt: whole("updated_at").notNull(),
});

export const idempotencyKeys = pgTable(
  "idempotency_keys",
  {
    instanceId: text("instance_id").notNull(),
    key: text("key").notNull(),
    requestHash: text("request_hash").notNull(),
    zaapId: text("zaap_id").notNull(),
    expiresAt: whole("expires_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.key] })],
);

export const messages = pgTable("messages", {
  rowId: whole("row_id").primaryKey().generatedByDefaultAsIdentity(),
  instanceId: text("instance_id").notNull(),
  messageId: text("message_id").notNull(),
  chatId: text("chat_id").notNull(),
  fromMe: boolean("from_me").notNull(),
  senderId: text("sender_id").notNull(),
  at: whole("at").notNull(),
  type: text("type").notNull(),
  proto: bytes("proto").notNull(),
  storedAt: whole("stored_at").notNull(),
});

export const messageSteps = pgTable(
  "message_steps",
  {
    instanceId: text("instance_id").notNull(),
    messageId: text("message_id").notNull(),
    status: text("status", {
      enum: ["queued", "sending", "sent", "delivered", "read", "played", "failed", "canceled"],
    }).notNull(),
    participant: text("participant").notNull(),
    chatId: text("chat_id").notNull(),
    at: whole("at").notNull(),
    detail: text("detail"),
    storedAt: whole("stored_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.messageId, table.status, table.participant] })],
);

export const lidPairs = pgTable("lid_pairs", {
  ordinal: whole("ordinal").primaryKey().generatedByDefaultAsIdentity(),
  instanceId: text("instance_id").notNull(),
  lid: text("lid").notNull(),
  phone: text("phone").notNull(),
});

export const contacts = pgTable(
  "contacts",
  {
    instanceId: text("instance_id").notNull(),
    contactId: text("contact_id").notNull(),
    name: text("name"),
    pushName: text("push_name"),
    verifiedName: text("verified_name"),
    photoUrl: text("photo_url"),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.contactId] })],
);

export const chats = pgTable(
  "chats",
  {
    instanceId: text("instance_id").notNull(),
    chatId: text("chat_id").notNull(),
    name: text("name"),
    lastMessageAt: whole("last_message_at"),
    unread: whole("unread"),
    photoUrl: text("photo_url"),
    extra: json("extra").$type<Readonly<Record<string, unknown>>>(),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.chatId] })],
);

export const leases = pgTable("leases", {
  name: text("name").primaryKey(),
  owner: text("owner"),
  fencingToken: whole("fencing_token").notNull(),
  expiresAt: whole("expires_at").notNull(),
});

export const nodes = pgTable("nodes", {
  nodeId: text("node_id").primaryKey(),
  seenAt: whole("seen_at").notNull(),
  address: text("address"),
});
