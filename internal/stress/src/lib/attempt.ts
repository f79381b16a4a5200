import { z } from 'zod';

/**
 * What became of an attempt to copy. `source lost`: a writer that was killed cannot open its database any more, and a plain
 * copy of the files it left is as bad as this one. `error`: an error other than giving up.
 */
export const OUTCOMES = ['good', 'bad', 'given up', 'error', 'source lost'] as const;

export const attemptSchema = z.strictObject({
  engine: z.string(),
  storage: z.string(),
  scenario: z.string(),
  /** Of the run: with engine, storage and scenario it is what `--run` takes. */
  seed: z.number(),
  method: z.string(),
  /** Rules that were switched off. */
  without: z.array(z.string()),
  /** The engine that checked. */
  checkedBy: z.string(),
  outcome: z.enum(OUTCOMES),
  /** What was wrong, by kind, with its explanation; or why there is no copy. */
  wrong: z.array(z.strictObject({ kind: z.string(), what: z.string() })),
  /** Until the copy was accepted; writing it out is not counted. */
  ms: z.number(),
  passes: z.number(),
  /** Bytes of blocks read, over the length of the copy; 1 for plain copies. */
  readRatio: z.number(),
  /** Length of the copy. */
  bytes: z.number(),
});

/** One attempt to copy. */
export type Attempt = z.infer<typeof attemptSchema>;

export const isAccepted = ({ outcome }: Attempt): boolean => outcome === 'good' || outcome === 'bad';
