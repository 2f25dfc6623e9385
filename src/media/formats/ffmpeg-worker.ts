/** What the worker thread is started with. */
export interface FfmpegWorkerInput {
  readonly script: string;
  readonly module: WebAssembly.Module;
  readonly args: readonly string[];
  readonly input: string;
  /** Where the result goes, when there is one. */
  readonly output: string | undefined;
}

/** What the worker thread says. */
export type FfmpegWorkerMessage =
  | { readonly kind: "piece"; readonly bytes: Uint8Array }
  | { readonly kind: "done"; readonly code: number; readonly said: string };

/** Paths inside the program's own file system. */
export const workerPaths = { input: "/in/file", output: "/result", pipe: "/pipe" } as const;

/**
 * The body of the worker thread. Its source is evaluated there, so it must not use anything from outside itself: in the
 * single executable there are no files a worker could start from.
 */
export function ffmpegWorker(): void {
  interface Node {
    readonly id: number;
  }
  /** The part of Emscripten's file system that is used. */
  interface FileSystem {
    readonly filesystems: Readonly<Record<string, unknown>>;
    mkdir(path: string): void;
    mount(type: unknown, options: object, path: string): void;
    makedev(major: number, minor: number): number;
    registerDevice(device: number, operations: object): void;
    mkdev(path: string, device: number): void;
    open(path: string, flags: string): Node;
    read(stream: Node, buffer: Uint8Array, offset: number, length: number, position: number): number;
    close(stream: Node): void;
    stat(path: string): { readonly size: number };
  }
  interface Core {
    readonly FS: FileSystem;
    exec(...args: readonly string[]): number;
    setLogger(logger: (line: { readonly message: string }) => void): void;
  }
  type Factory = (options: object) => Promise<Core>;

  const threads = process.getBuiltinModule("node:worker_threads");
  const fs = process.getBuiltinModule("node:fs");
  const vm = process.getBuiltinModule("node:vm");
  // Node's own types leave the functions out, because they belong to those of browsers.
  const wasm = globalThis as unknown as {
    readonly WebAssembly: { readonly instantiate: (module: WebAssembly.Module, imports: object) => Promise<object> };
  };
  // Set by whoever starts this thread.
  const data = threads.workerData as {
    script: string;
    module: WebAssembly.Module;
    args: readonly string[];
    input: string;
    output: string | undefined;
  };

  /** A part of the input: bytes are read when they are asked for, so that the whole never is in memory. */
  class Slice {
    readonly name = "file";
    readonly lastModifiedDate = new Date(0);
    readonly fd: number;
    readonly start: number;
    readonly size: number;
    constructor(fd: number, start: number, size: number) {
      this.fd = fd;
      this.start = start;
      this.size = size;
    }
    slice(from: number, to: number): Slice {
      return new Slice(this.fd, this.start + from, Math.min(to, this.size) - from);
    }
    bytes(): ArrayBuffer {
      const bytes = new Uint8Array(Math.max(0, this.size));
      let filled = 0;
      while (filled < bytes.length) {
        const count = fs.readSync(this.fd, bytes, filled, bytes.length - filled, this.start + filled);
        if (count === 0) break;
        filled += count;
      }
      return bytes.buffer.slice(0, filled);
    }
  }

  const run = async (): Promise<void> => {
    // The program believes to be in a browser's worker; this is all it touches of one.
    Object.assign(globalThis, {
      self: globalThis,
      location: { href: "" },
      FileReaderSync: class {
        readAsArrayBuffer(slice: Slice): ArrayBuffer {
          return slice.bytes();
        }
      },
    });
    const holder: { exports: unknown } = { exports: {} };
    vm.compileFunction(data.script, ["module", "exports"])(holder, holder.exports);
    const create = holder.exports as Factory; // What the package exports.
    const core = await create({
      instantiateWasm: (imports: object, use: (instance: object) => void) => {
        const start = async (): Promise<void> => use(await wasm.WebAssembly.instantiate(data.module, imports));
        start().catch((error: unknown) => failed(error));
        return {};
      },
    });
    let said = "";
    core.setLogger(({ message }) => {
      said = `${said}${message}\n`.slice(-2_000);
    });
    const fd = fs.openSync(data.input, "r");
    core.FS.mkdir("/in");
    core.FS.mount(core.FS.filesystems["WORKERFS"], { files: [new Slice(fd, 0, fs.fstatSync(fd).size)] }, "/in");
    const device = core.FS.makedev(64, 0);
    core.FS.registerDevice(device, {
      open: () => {},
      close: () => {},
      write: (...[, buffer, offset, length]: [unknown, Uint8Array, number, number]) => {
        const bytes = Uint8Array.from(buffer.subarray(offset, offset + length));
        threads.parentPort?.postMessage({ kind: "piece", bytes }, [bytes.buffer]);
        return length;
      },
    });
    core.FS.mkdev("/pipe", device);
    const code = core.exec(...data.args);
    if (code === 0 && data.output !== undefined) {
      const to = fs.openSync(data.output, "w", 0o600);
      const from = core.FS.open("/result", "r");
      const piece = new Uint8Array(262_144);
      for (let at = 0, left = core.FS.stat("/result").size; left > 0;) {
        const count = core.FS.read(from, piece, 0, Math.min(piece.length, left), at);
        if (count === 0) break;
        fs.writeSync(to, piece, 0, count);
        at += count;
        left -= count;
      }
      core.FS.close(from);
      fs.closeSync(to);
    }
    threads.parentPort?.postMessage({ kind: "done", code, said });
  };
  const failed = (error: unknown): void => {
    threads.parentPort?.postMessage({ kind: "done", code: -1, said: String(error) });
  };
  run().catch(failed);
}
