import { z } from 'zod';

/** What a writer is told. */
export const writerRequest = z.strictObject({
  path: z.string(),
  /** Entry of the engine's package. */
  engine: z.string(),
  storage: z.string().optional(),
  seed: z.number(),
  connections: z.number(),
  threshold: z.string().optional(),
  indexes: z.boolean(),
  loadRows: z.array(z.number()),
  mix: z.record(z.string(), z.number()),
});
export type WriterRequest = z.infer<typeof writerRequest>;

/** What the checker is told. */
export const checkRequest = z.strictObject({
  path: z.string(),
  /** Entry of the engine's package. One process loads one engine: two of them would share the first one's library. */
  engine: z.string(),
  /** What that engine must say of its version. */
  version: z.string(),
  connections: z.number(),
  indexes: z.boolean(),
});
export type CheckRequest = z.infer<typeof checkRequest>;

/** What can be wrong with a copy. */
export const FAILURES = [
  'does not open',
  'crash',
  'wrong content',
  'wrong index',
  'lost commit',
  'future commit',
] as const;

const flaw = z.strictObject({ kind: z.enum(FAILURES), what: z.string() });
export type Flaw = z.infer<typeof flaw>;

/** What the checker says of a copy. */
export const checkAnswer = z.strictObject({
  /** Last commit of each connection; empty if it could not be read. */
  last: z.array(z.number()),
  /** What does not go together; empty: nothing. */
  wrong: z.array(flaw),
});
export type CheckAnswer = z.infer<typeof checkAnswer>;
