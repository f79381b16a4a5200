import { z } from 'zod';

/** What a writer is told. */
export const writerRequest = z.strictObject({
  path: z.string(),
  /** Entry of the engine's package. */
  engine: z.string(),
  storage: z.string().optional(),
  seed: z.number(),
  connections: z.number(),
  /** Further ones, which read slowly. */
  readers: z.number(),
  threshold: z.string().optional(),
  indexes: z.boolean(),
  loadRows: z.array(z.number()),
  mix: z.record(z.string(), z.number()),
  /** Commits a second of each connection at most. */
  rate: z.number().optional(),
});
export type WriterRequest = z.infer<typeof writerRequest>;

/** How fast a writer commits: so many a second, as fast as it can, or resting as long after each commit as it took. */
export const writerPace = z.union([z.number().positive(), z.enum(['full', 'half'])]);
export type WriterPace = z.infer<typeof writerPace>;

/** @throws ZodError if it is none. */
export const parsePace = (text: string): WriterPace =>
  writerPace.parse(/^\d/.test(text) ? Number(text) : text);

/** What a writer that is measured is told. */
export const pacedWriterRequest = z.strictObject({
  path: z.string(),
  /** Entry of the engine's package. */
  engine: z.string(),
  pace: writerPace,
  threshold: z.string().optional(),
});
export type PacedWriterRequest = z.infer<typeof pacedWriterRequest>;

/** What the checker says of a copy. */
export const checkAnswer = z.strictObject({
  /** Last commit of each connection. */
  last: z.array(z.number()),
  /** What does not go together; empty: nothing. */
  wrong: z.array(z.string()),
});
export type CheckAnswer = z.infer<typeof checkAnswer>;
