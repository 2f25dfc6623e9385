/** A ZIP of uncompressed files, with the directory that readers use. */
export function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const [nameBytes, body] = [Buffer.from(name), Buffer.from(text)];
    const sizes = Buffer.alloc(8);
    sizes.writeUInt32LE(body.length, 0);
    sizes.writeUInt32LE(body.length, 4);
    const common = Buffer.concat([
      Buffer.from("0a0000000000000000000000000000", "hex").subarray(0, 14),
      sizes,
      uint16(nameBytes.length),
      uint16(0),
    ]);
    const local = Buffer.concat([Buffer.from("504b0304", "hex"), common, nameBytes, body]);
    directory.push(
      Buffer.concat([Buffer.from("504b01020a00", "hex"), common, Buffer.alloc(10), uint32(at), nameBytes]),
    );
    parts.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const count = uint16(directory.length);
  const end = [Buffer.from("504b050600000000", "hex"), count, count, uint32(central.length), uint32(at), uint16(0)];
  return Buffer.concat([...parts, central, ...end]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
