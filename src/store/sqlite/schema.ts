import { blob, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Connection, InstanceSettings, Subscription } from "#domain/instance.ts";
import type { ChatLimits } from "#domain/chat-limits.ts";
import type { Outgoing } from "#domain/content.ts";
import type { StoredHooks } from "../stored-hooks.ts";

// The tables of migrations/sqlite as drizzle sees them. The migrations are the law; a test compares.

const bytes = (name: string) => blob(name, { mode: "buffer" });

/** Single values of the database itself. */
export const meta = sqliteTable("meta", { key: text("key").primaryKey(), value: bytes("value").notNull() });

export const instances = sqliteTable("instances", {
  ordinal: integer("ordinal").primaryKey({ autoIncrement: true }),
  instanceId: text("instance_id").notNull(),
  name: text("name").notNull(),
  nameFolded: text("name_folded").notNull(),
  sealedToken: bytes("sealed_token").notNull(),
  settings: text("settings", { mode: "json" }).$type<InstanceSettings>().notNull(),
  hooks: text("hooks", { mode: "json" }).$type<StoredHooks>().notNull(),
  subscription: text("subscription", { mode: "json" }).$type<Subscription>().notNull(),
  sealedWebhookSecrets: bytes("sealed_webhook_secrets").notNull(),
  connection: text("connection", { mode: "json" }).$type<Connection>().notNull(),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
});

export const instanceCounters = sqliteTable("instance_counters", {
  instanceId: text("instance_id").primaryKey(),
  eventSequence: integer("event_sequence").notNull(),
});

export const connectionHistory = sqliteTable("connection_history", {
  historyId: integer("history_id").primaryKey({ autoIncrement: true }),
  instanceId: text("instance_id").notNull(),
  connection: text("connection", { mode: "json" }).$type<Connection>().notNull(),
  at: integer("at").notNull(),
});

export const settingsAudit = sqliteTable("settings_audit", {
  auditId: integer("audit_id").primaryKey({ autoIncrement: true }),
  instanceId: text("instance_id").notNull(),
  at: integer("at").notNull(),
  change: text("change", { mode: "json" }).$type<Readonly<Record<string, unknown>>>().notNull(),
});

export const instanceRemovals = sqliteTable("instance_removals", { instanceId: text("instance_id").primaryKey() });

export const authFences = sqliteTable("auth_fences", {
  instanceId: text("instance_id").primaryKey(),
  token: integer("token").notNull(),
});

export const authCreds = sqliteTable("auth_creds", {
  instanceId: text("instance_id").primaryKey(),
  sealedCreds: bytes("sealed_creds").notNull(),
});

export const authKeys = sqliteTable(
  "auth_keys",
  {
    instanceId: text("instance_id").notNull(),
    type: text("type").notNull(),
    keyId: text("key_id").notNull(),
    sealedValue: bytes("sealed_value").notNull(),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.type, table.keyId] })],
);

export const journal = sqliteTable("journal", {
  journalId: integer("journal_id").primaryKey({ autoIncrement: true }),
  instanceId: text("instance_id").notNull(),
  kind: text("kind", { enum: ["plaintext", "stanza"] }).notNull(),
  contentHash: text("content_hash").notNull(),
  stanzaId: text("stanza_id").notNull(),
  attrs: text("attrs").notNull(),
  sealedPayload: bytes("sealed_payload").notNull(),
  at: integer("at").notNull(),
  settledAt: integer("settled_at"),
});

export const events = sqliteTable("events", {
  position: integer("position").primaryKey({ autoIncrement: true }),
  eventId: text("event_id").notNull(),
  instanceId: text("instance_id").notNull(),
  sequence: integer("sequence").notNull(),
  kind: text("kind").notNull(),
  type: text("type").notNull(),
  chatId: text("chat_id"),
  messageId: text("message_id"),
  occurredAt: integer("occurred_at").notNull(),
  captured: text("captured").notNull(),
  slotMask: integer("slot_mask").notNull(),
  createdAt: integer("created_at").notNull(),
});

export const deliveries = sqliteTable("deliveries", {
  deliveryId: integer("delivery_id").primaryKey({ autoIncrement: true }),
  position: integer("position").notNull(),
  sequence: integer("sequence").notNull(),
  instanceId: text("instance_id").notNull(),
  hookId: text("hook_id").notNull(),
  url: text("url").notNull(),
  slotMask: integer("slot_mask").notNull(),
  state: text("state", { enum: ["pending", "delivered", "dead", "discarded"] }).notNull(),
  attempts: integer("attempts").notNull(),
  dueAt: integer("due_at").notNull(),
  lastError: text("last_error"),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
});

export const attempts = sqliteTable(
  "attempts",
  {
    deliveryId: integer("delivery_id").notNull(),
    ordinal: integer("ordinal").notNull(),
    at: integer("at").notNull(),
    durationMs: integer("duration_ms").notNull(),
    status: integer("status"),
    error: text("error"),
    answer: text("answer"),
    counted: integer("counted", { mode: "boolean" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.deliveryId, table.ordinal] })],
);

export const lanes = sqliteTable(
  "lanes",
  {
    instanceId: text("instance_id").notNull(),
    hookId: text("hook_id").notNull(),
    url: text("url").notNull(),
    dueAt: integer("due_at"),
    owner: text("owner"),
    fencingToken: integer("fencing_token").notNull().default(0),
    leaseUntil: integer("lease_until").notNull().default(0),
    breakerState: text("breaker_state", { enum: ["closed", "open"] })
      .notNull()
      .default("closed"),
    breakerFailures: integer("breaker_failures").notNull().default(0),
    breakerProbeAt: integer("breaker_probe_at").notNull().default(0),
    breakerOpenedAt: integer("breaker_opened_at").notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.hookId] })],
);

export const queue = sqliteTable("queue", {
  sequence: integer("sequence").primaryKey({ autoIncrement: true }),
  instanceId: text("instance_id").notNull(),
  zaapId: text("zaap_id").notNull(),
  messageId: text("message_id").notNull(),
  outgoing: text("outgoing", { mode: "json" }).$type<Outgoing>().notNull(),
  state: text("state", { enum: ["queued", "sending", "sent", "failed", "canceled"] }).notNull(),
  attempts: integer("attempts").notNull(),
  dueAt: integer("due_at").notNull(),
  scheduledAt: integer("scheduled_at"),
  held: integer("held"),
  delayMs: integer("delay_ms"),
  typingMs: integer("typing_ms").notNull(),
  lastError: text("last_error"),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
  chatId: text("chat_id").notNull().default(""),
  waitsFor: text("waits_for", { enum: ["restriction"] }),
});

export const queueLines = sqliteTable("queue_lines", {
  instanceId: text("instance_id").primaryKey(),
  dueAt: integer("due_at"),
  owner: text("owner"),
  fencingToken: integer("fencing_token").notNull().default(0),
  leaseUntil: integer("lease_until").notNull().default(0),
  claimedSequence: integer("claimed_sequence"),
});

export const chatLimits = sqliteTable("chat_limits", {
  instanceId: text("instance_id").primaryKey(),
  limits: text("limits", { mode: "json" }).$type<ChatLimits>().notNull(),
  updatedAt: integer("updated_at").notNull(),
});

export const idempotencyKeys = sqliteTable(
  "idempotency_keys",
  {
    instanceId: text("instance_id").notNull(),
    key: text("key").notNull(),
    requestHash: text("request_hash").notNull(),
    zaapId: text("zaap_id").notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.key] })],
);

export const messages = sqliteTable("messages", {
  rowId: integer("row_id").primaryKey(),
  instanceId: text("instance_id").notNull(),
  messageId: text("message_id").notNull(),
  chatId: text("chat_id").notNull(),
  fromMe: integer("from_me", { mode: "boolean" }).notNull(),
  senderId: text("sender_id").notNull(),
  at: integer("at").notNull(),
  type: text("type").notNull(),
  proto: bytes("proto").notNull(),
  storedAt: integer("stored_at").notNull(),
});

export const messageSteps = sqliteTable(
  "message_steps",
  {
    instanceId: text("instance_id").notNull(),
    messageId: text("message_id").notNull(),
    status: text("status", {
      enum: ["queued", "sending", "sent", "delivered", "read", "played", "failed", "canceled"],
    }).notNull(),
    participant: text("participant").notNull(),
    chatId: text("chat_id").notNull(),
    at: integer("at").notNull(),
    detail: text("detail"),
    storedAt: integer("stored_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.messageId, table.status, table.participant] })],
);

export const lidPairs = sqliteTable("lid_pairs", {
  ordinal: integer("ordinal").primaryKey({ autoIncrement: true }),
  instanceId: text("instance_id").notNull(),
  lid: text("lid").notNull(),
  phone: text("phone").notNull(),
});

export const contacts = sqliteTable(
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

export const chats = sqliteTable(
  "chats",
  {
    instanceId: text("instance_id").notNull(),
    chatId: text("chat_id").notNull(),
    name: text("name"),
    lastMessageAt: integer("last_message_at"),
    unread: integer("unread"),
    photoUrl: text("photo_url"),
    extra: text("extra", { mode: "json" }).$type<Readonly<Record<string, unknown>>>(),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.chatId] })],
);

export const leases = sqliteTable("leases", {
  name: text("name").primaryKey(),
  owner: text("owner"),
  fencingToken: integer("fencing_token").notNull(),
  expiresAt: integer("expires_at").notNull(),
});

export const nodes = sqliteTable("nodes", {
  nodeId: text("node_id").primaryKey(),
  seenAt: integer("seen_at").notNull(),
  address: text("address"),
});
