import { z } from 'zod';

/**
 * What an actor is told: a statement, on a connection of that name, which is made when it is named first. Of a query whose
 * rows are to wait only the first are fetched; the others before the next statement on that connection.
 */
export const actorRequest = z.strictObject({
  id: z.number(),
  connection: z.string(),
  sql: z.string(),
  rowsWait: z.boolean(),
});

/** What it says when the statement has returned. */
export const actorAnswer = z.union([
  z.strictObject({ id: z.number(), rows: z.array(z.array(z.string())) }),
  z.strictObject({ id: z.number(), error: z.string() }),
]);
export type ActorAnswer = z.infer<typeof actorAnswer>;
