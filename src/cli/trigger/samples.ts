import type { MediaBody } from "#sandbox/content-body.ts";

/** Small files to send, with what their messages say of them. Base64, made for this purpose. */
export const samples = {
  /** A green rectangle. */
  picture: {
    base64: [
      "/9j/2wBDABQUFBQVFBcZGRcfIh4iHy4rJycrLkYyNjI2MkZqQk5CQk5Cal5yXVZdcl6phXZ2hanDpJukw+zT0+z/////////2wBDARQU",
      "FBQVFBcZGRcfIh4iHy4rJycrLkYyNjI2MkZqQk5CQk5Cal5yXVZdcl6phXZ2hanDpJukw+zT0+z/////////wgARCAAgADADASIAAhEB",
      "AxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAWAQEBAQAAAAAAAAAAAAAAAAAAAgX/2gAMAwEAAhADEAAAAJiMgAAAAD//xAAUEAEA",
      "AAAAAAAAAAAAAAAAAABA/9oACAEBAAE/AEf/xAAUEQEAAAAAAAAAAAAAAAAAAAAg/9oACAECAQE/AF//xAAUEQEAAAAAAAAAAAAAAAAA",
      "AAAg/9oACAEDAQE/AF//2Q==",
    ].join(""),
    mimetype: "image/jpeg",
    width: 48,
    height: 32,
  },
  /** A container without a frame in it: it is moved, not watched. */
  film: {
    base64: [
      "AAAAGGZ0eXBpc29tAAACAGlzb21tcDQxAAAAdG1vb3YAAABsbXZoZAAAAAAAAAAAAAAAAAAAA+gAAAPoAAEAAAEAAAAAAAAAAAAAAAAB",
      "AAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=",
    ].join(""),
    mimetype: "video/mp4",
    width: 48,
    height: 32,
    seconds: 1,
  },
  /** A second of silence. */
  sound: {
    base64: [
      "T2dnUwACAAAAAAAAAAABAAAAAAAAAByf9dkBE09wdXNIZWFkAQE4AYC7AAAAAABPZ2dTAAAAAAAAAAAAAAEAAAABAAAAAZWENAEWT3B1",
      "c1RhZ3MGAAAAd2F6YXBpAAAAAE9nZ1MABIC7AAAAAAAAAQAAAAIAAADpVDPGMgMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD",
      "AwMDAwMDAwMDAwMDAwMDAwMD+P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/+",
      "+P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/++P/+",
      "+P/++P/++P/++P/+",
    ].join(""),
    mimetype: "audio/ogg; codecs=opus",
    seconds: 1,
  },
  /** A yellow square. */
  sticker: {
    base64: [
      "UklGRkoAAABXRUJQVlA4ID4AAACwAwCdASowADAAPzmcx1yvKygko4gB4CcJZwB2ADF+Qh3f9rxlAAD+5mnf/+Faz10YYZ/86GhDvKmC",
      "yKAAAA==",
    ].join(""),
    mimetype: "image/webp",
    width: 48,
    height: 48,
  },
  paper: {
    base64: Buffer.from("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n").toString("base64"),
    mimetype: "application/pdf",
    fileName: "paper.pdf",
  },
} as const satisfies Record<string, MediaBody>;
