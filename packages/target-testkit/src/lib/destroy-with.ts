import type { Readable } from 'node:stream';

/** Destroys a stream so that its reader gets `reason` itself. Any value may be the reason of an abort; types want an `Error`. */
export function destroyWith(stream: Readable, reason: unknown): void {
  // Streams pass on whatever they are destroyed with.
  stream.destroy(reason as Error);
}
