import type { StorageTarget } from '@quackup/target-api';

import { type MemoryStore, MemoryTarget } from '../../src/index.ts';
import { type Uploads, withUploads } from '../uploads.ts';
import type { Mutant } from './mutant.ts';

const UPLOADS = new WeakMap<MemoryStore, Uploads>();

/** A target that tells its uploads, wrongly. */
function uploadsMutant(
  name: string,
  caughtBy: string,
  change: (tell: NonNullable<StorageTarget['unfinishedUploads']>) => StorageTarget['unfinishedUploads'],
  uploadsOf: (store: MemoryStore) => Uploads = sharedUploads,
): Mutant {
  return {
    name,
    caughtBy: [caughtBy],
    connect: (store) => {
      const target = withUploads(new MemoryTarget({ store }), uploadsOf(store));
      const tell = target.unfinishedUploads?.bind(target);
      const changed = tell && change(tell);
      return changed === undefined ? target : Object.assign(target, { unfinishedUploads: changed });
    },
  };
}

function sharedUploads(store: MemoryStore): Uploads {
  const uploads = UPLOADS.get(store) ?? new Set();
  UPLOADS.set(store, uploads);
  return uploads;
}

/** What has been begun stays in it. */
class Kept extends Set<never> {
  override delete(): boolean {
    return false;
  }
}

const kept = new WeakMap<MemoryStore, Uploads>();

export const unfinishedMutants: readonly Mutant[] = [
  uploadsMutant(
    'tells nothing of uploads that are under way',
    'unfinished.under-way',
    () => async function* () {},
  ),
  uploadsMutant(
    'tells uploads that have ended',
    'unfinished.finished',
    (tell) => tell,
    (store) => {
      const uploads: Uploads = kept.get(store) ?? new Kept();
      kept.set(store, uploads);
      return uploads;
    },
  ),
  uploadsMutant(
    'wraps the reason for which its list of uploads is aborted',
    'unfinished.abort',
    (tell) =>
      async function* (options) {
        if (options?.signal?.aborted === true) throw new Error('aborted', { cause: options.signal.reason });
        yield* tell(options);
      },
  ),
  uploadsMutant('tells uploads when it is closed', 'unfinished.closed', () => async function* () {}),
];
