/**
 * The inner loop of DuckDB's checksum as a WebAssembly module of about 200 bytes, since JavaScript has no fast 64-bit
 * multiplication (BigInt is some hundred times slower). The bytes are assembled here from this text:
 *
 *     (module
 *       (memory (export "memory") 4)
 *       (func (export "sum") (param $at i32) (param $end i32) (result i64)
 *         (local $sum i64)
 *         (loop $next
 *           ;; for k = 0, 8, 16 … 56:
 *           (local.set $sum
 *             (i64.xor (local.get $sum) (i64.mul (i64.load offset=k (local.get $at)) (i64.const MULTIPLIER))))
 *           (br_if $next
 *             (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 64))) (local.get $end))))
 *         (local.get $sum)))
 *
 * It takes whole groups of 64 bytes. A shorter last group is filled with zeros, which add nothing to an XOR of products.
 */

/** DuckDB, `src/common/checksum.cpp`: each 64-bit word is multiplied by this. It is odd, so no changed word goes unseen. */
export const MULTIPLIER = 0xbf58476d1ce4e5b9n;

/** Bytes that {@link sumWords} takes at once: a whole block of the default size. */
export const KERNEL_BYTES = 262_144;

const GROUP_BYTES = 64;
const PAGE_BYTES = 65_536;
const [I32, I64] = [0x7f, 0x7e];
const [AT, END, SUM] = [0, 1, 2];

const OP = {
  loop: [0x03, 0x40],
  end: [0x0b],
  branchIfToLoop: [0x0d, 0],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  tee: (local: number) => [0x22, local],
  // The first operand is the alignment that may be relied on, as a power of two.
  loadI64: (offset: number) => [0x29, 3, ...unsigned(offset)],
  constI32: (value: bigint) => [0x41, ...signed(value)],
  constI64: (value: bigint) => [0x42, ...signed(value)],
  addI32: [0x6a],
  lessI32: [0x49],
  mulI64: [0x7e],
  xorI64: [0x85],
} as const;

/** LEB128, the variable-length numbers of the WebAssembly format. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  const done = low < 0x40 ? rest === 0n : rest === -1n;
  return done ? [low] : [low | 0x80, ...signed(rest)];
}

function vector(...items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

const text = (value: string): number[] => sized([...Buffer.from(value)]);

function assemble(): Uint8Array<ArrayBuffer> {
  const addWord = (offset: number): number[] =>
    [
      OP.get(SUM),
      OP.get(AT),
      OP.loadI64(offset),
      OP.constI64(BigInt.asIntN(64, MULTIPLIER)),
      OP.mulI64,
      OP.xorI64,
      OP.set(SUM),
    ].flat();
  const body = [
    vector([1, I64]), // one local of type i64: $sum
    OP.loop,
    ...[0, 8, 16, 24, 32, 40, 48, 56].map(addWord),
    [OP.get(AT), OP.constI32(BigInt(GROUP_BYTES)), OP.addI32, OP.tee(AT), OP.get(END), OP.lessI32].flat(),
    OP.branchIfToLoop,
    OP.end,
    OP.get(SUM),
    OP.end,
  ].flat();
  const section = (id: number, items: readonly number[]): number[] => [id, ...sized(items)];
  const sections = [
    section(1, vector([0x60, ...vector([I32], [I32]), ...vector([I64])])), // types: (i32, i32) -> i64
    section(3, vector([0])), // functions: one, of that type
    section(5, vector([0, KERNEL_BYTES / PAGE_BYTES])), // memories: one
    section(7, vector([...text('memory'), 2, 0], [...text('sum'), 0, 0])), // exports
    section(10, vector(sized(body))), // code
  ];
  const magicAndVersion = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  return Uint8Array.from([...magicAndVersion, ...sections.flat()]);
}

/** The part of WebAssembly that is used; Node's types leave it to the DOM's. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer };
      sum(at: number, end: number): bigint;
    };
  };
};

const kernel = new WebAssembly.Instance(new WebAssembly.Module(assemble())).exports;
const memory = new Uint8Array(kernel.memory.buffer);

/**
 * XOR of all words times {@link MULTIPLIER}, modulo 2^64.
 *
 * @param bytes words of 8 bytes, little-endian, at any alignment; at most {@link KERNEL_BYTES}, a multiple of 8.
 */
export function sumWords(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  const end = Math.ceil(bytes.length / GROUP_BYTES) * GROUP_BYTES;
  memory.set(bytes);
  memory.fill(0, bytes.length, end);
  return BigInt.asUintN(64, kernel.sum(0, end));
}
