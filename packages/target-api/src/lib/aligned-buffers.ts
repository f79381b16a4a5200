/** What a direct write asks of the place in memory, of the place in the file and of the length: enough for any disk whose blocks have up to 4 KiB. */
const ALIGNMENT = 4096;
/** The unit of WebAssembly's memory, which begins with a page of the system's. */
const WASM_PAGE = 65_536;

/** What is used of it here; the types of browsers are not those of this package. */
interface Wasm {
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
}

const { WebAssembly: wasm } = globalThis as unknown as { readonly WebAssembly?: Wasm };

/** All that this process ever got, and what of it is not in use, by its bytes. */
const known = new WeakSet<ArrayBufferLike>();
const idle = new Map<number, SharedArrayBuffer[]>();

/**
 * Buffers that can be written to a disk as they are, without a copy in the system's cache: see `DirectWrites`. Nothing else
 * tells JavaScript where its memory lies, but that of WebAssembly begins with a page.
 *
 * The memory is used again and never freed: the garbage collector does not see how much it is. So a process keeps as much as
 * it ever used at once. Address space of some gigabytes is reserved for each of these, which costs nothing.
 */
export class AlignedBuffers implements Disposable {
  /** None where there is no such memory, as under a limit of the address space. */
  readonly buffers: readonly Buffer[];
  #memory: SharedArrayBuffer | undefined;

  /**
   * @param count How many.
   * @param size Bytes of each.
   */
  constructor(count: number, size: number) {
    const stride = Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    const memory = takeMemory(Math.ceil((count * stride) / WASM_PAGE) * WASM_PAGE);
    this.#memory = memory;
    this.buffers =
      memory === undefined
        ? []
        : Array.from({ length: count }, (_, place) => Buffer.from(memory, place * stride, size));
  }

  /** Gives the memory back: from now on the bytes are somebody else's. */
  [Symbol.dispose](): void {
    if (this.#memory === undefined) return;
    idle.set(this.#memory.byteLength, [...(idle.get(this.#memory.byteLength) ?? []), this.#memory]);
    this.#memory = undefined;
  }
}

/** Whether these bytes are of {@link AlignedBuffers}, or a part of one, and can be written directly to this place in a file. */
export function isAligned(bytes: Uint8Array, position: number): boolean {
  if (!known.has(bytes.buffer)) return false;
  return [bytes.byteOffset, bytes.byteLength, position].every((value) => value % ALIGNMENT === 0);
}

function takeMemory(length: number): SharedArrayBuffer | undefined {
  const used = idle.get(length)?.pop();
  if (used !== undefined || wasm === undefined) return used;
  try {
    const pages = length / WASM_PAGE;
    const { buffer } = new wasm.Memory({ initial: pages, maximum: pages, shared: true });
    known.add(buffer);
    return buffer;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
