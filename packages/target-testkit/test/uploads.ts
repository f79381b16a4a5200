import type { ObjectKey, StorageTarget, UnfinishedUpload } from '@quackup/target-api';

import type { MemoryTarget } from '../src/index.ts';

/** The uploads that the connections to one place have under way. */
export type Uploads = Set<UnfinishedUpload>;

/** A target in memory that tells which puts are under way, as services with uploads in parts do. */
export function withUploads(inner: MemoryTarget, uploads: Uploads): StorageTarget {
  return Object.assign(inner, {
    put: async (key: ObjectKey, ...rest: [body: never, options?: never]) => {
      const upload = { key, initiatedAt: new Date() };
      uploads.add(upload);
      try {
        return await Object.getPrototypeOf(inner).put.call(inner, key, ...rest);
      } finally {
        uploads.delete(upload);
      }
    },
    unfinishedUploads: async function* ({ signal }: { readonly signal?: AbortSignal } = {}) {
      // Refuses what a closed or aborted target refuses.
      await inner.stat('a' as ObjectKey, signal === undefined ? {} : { signal });
      yield* uploads;
    },
  });
}
