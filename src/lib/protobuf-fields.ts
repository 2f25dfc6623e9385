/** One field of a protobuf message as it stands on the wire. */
export interface WireField {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 with a length, 5 four bytes. */
  readonly wireType: number;
  /** The whole field, tag included. */
  readonly bytes: Uint8Array;
  /** What stands behind the length; only of wire type 2. */
  readonly value?: Uint8Array;
  /** Only of wire type 0, and of those that fit into a number. */
  readonly varint?: number;
}

/** The fields of a message in their order; undefined for bytes that are none. */
export function fieldsOf(bytes: Uint8Array): readonly WireField[] | undefined {
  const fields: WireField[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at;
    const tag = varintAt(bytes, at);
    if (tag === undefined || tag.value < 8) return undefined;
    at = tag.end;
    const [number, wireType] = [Math.floor(tag.value / 8), tag.value % 8];
    const length = lengthOf(bytes, at, wireType);
    if (length === undefined || length.end > bytes.length) return undefined;
    at = length.end;
    fields.push({
      number,
      wireType,
      bytes: bytes.subarray(start, at),
      ...(wireType === 2 ? { value: bytes.subarray(length.start, at) } : {}),
      ...(length.varint === undefined ? {} : { varint: length.varint }),
    });
  }
  return fields;
}

/** A field with a length. */
export function fieldWith(number: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([varint(number * 8 + 2), varint(value.length), value]);
}

/** A number as protobuf writes it. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}

function lengthOf(
  bytes: Uint8Array,
  at: number,
  wireType: number,
): { readonly start: number; readonly end: number; readonly varint?: number } | undefined {
  switch (wireType) {
    case 0: {
      const found = varintAt(bytes, at);
      return found && { start: at, end: found.end, varint: found.value };
    }
    case 1:
      return { start: at, end: at + 8 };
    case 2: {
      const length = varintAt(bytes, at);
      return length && { start: length.end, end: length.end + length.value };
    }
    case 5:
      return { start: at, end: at + 4 };
    default:
      return undefined;
  }
}

const maxVarintBytes = 10;

function varintAt(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let index = 0; index < maxVarintBytes; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value += (byte % 128) * 128 ** index;
    if (byte < 128) return { value, end: at + index + 1 };
  }
  return undefined;
}
