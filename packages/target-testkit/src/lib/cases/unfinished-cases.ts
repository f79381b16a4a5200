import { setTimeout as pause } from 'node:timers/promises';

import { isObjectKey, type StorageTarget, type UnfinishedUpload } from '@quackup/target-api';

import { bodyOf, holdPut, pattern, ProbeBody } from '../bodies.ts';
import { check, checkEqual, checkRejects, checkRejectsWith } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { store } from '../reading.ts';

const MIB = 1024 * 1024;
const TAIL = pattern(1000, 2);

/** So large that it is sent in parts, by what the options are unless somebody sets them. */
const largeFor = ({ capabilities }: StorageTarget): Uint8Array =>
  pattern(Math.min(17 * MIB, (capabilities.maxObjectSize ?? Infinity) - TAIL.length), 1);

async function uploadsOf(target: StorageTarget, signal?: AbortSignal): Promise<UnfinishedUpload[]> {
  const uploads: UnfinishedUpload[] = [];
  for await (const upload of target.unfinishedUploads?.(signal === undefined ? {} : { signal }) ?? [])
    uploads.push(upload);
  return uploads;
}

const keysOf = async (target: StorageTarget): Promise<string[]> =>
  (await uploadsOf(target)).map((upload) => upload.key);

/** Uploads that were begun and may never be finished. */
export const unfinishedCases: readonly ConformanceCase[] = [
  {
    id: 'unfinished.under-way',
    sentence: 'unfinishedUploads: those that are under way right now are among them, and no list shows them',
    requires: 'unfinishedUploads',
    // A part may be as large as the options say, and then nothing has been begun by now.
    safe: false,
    slow: 2,
    run: async ({ target, key, reopen }) => {
      const put = await holdPut(target, key('a'), [largeFor(target), TAIL]);
      const other = await reopen();
      // The first part may be on its way, and with it the request that begins the upload.
      let found: UnfinishedUpload | undefined;
      for (; found === undefined; await pause(20))
        found = (await uploadsOf(other)).find((upload) => upload.key === key('a'));
      check(
        found.initiatedAt instanceof Date && found.initiatedAt.getTime() > 0,
        'initiatedAt: expected a time',
      );
      checkEqual(await other.stat(key('a')), undefined, 'object while its upload is under way');
      put.release();
      const outcome = await put.outcome;
      if (!outcome.ok) throw outcome.error;
      check(!(await keysOf(other)).includes(key('a')), 'expected no upload of an object that is whole');
    },
  },
  {
    id: 'unfinished.finished',
    sentence: 'unfinishedUploads: uploads that were neither finished nor given up, and no others',
    requires: 'unfinishedUploads',
    safe: true,
    slow: 2,
    run: async ({ target, key, reopen }) => {
      await store(target, key('small'), TAIL);
      await target.put(key('large'), bodyOf(largeFor(target)));
      const error = new Error('of the body');
      const broken = new ProbeBody([largeFor(target), () => Promise.reject(error)]);
      await checkRejectsWith(target.put(key('broken'), broken), error, 'put whose body fails');
      const controller = new AbortController();
      const put = await holdPut(target, key('aborted'), [largeFor(target), TAIL], {
        signal: controller.signal,
      });
      controller.abort(error);
      await put.outcome;
      // What was given up is cleaned away behind the call, and `close` waits for it.
      await target.close();
      const uploads = await uploadsOf(await reopen());
      for (const upload of uploads) check(isObjectKey(upload.key), 'key of an upload: expected a valid key');
      const ours = new Set<string>(['small', 'large', 'broken', 'aborted'].map((name) => key(name)));
      checkEqual(
        uploads.map((upload) => upload.key as string).filter((name) => ours.has(name)),
        [],
        'uploads of puts that have ended',
      );
    },
  },
  {
    id: 'unfinished.abort',
    sentence:
      'abort: once it is aborted the operation rejects with `signal.reason` itself (unfinishedUploads)',
    requires: 'unfinishedUploads',
    safe: true,
    run: async ({ target }) => {
      for (const reason of [new TypeError('enough'), 'enough'])
        await checkRejectsWith(uploadsOf(target, AbortSignal.abort(reason)), reason, 'unfinishedUploads');
    },
  },
  {
    id: 'unfinished.closed',
    sentence: 'close: calls that come later reject with CLOSED (unfinishedUploads)',
    requires: 'unfinishedUploads',
    safe: true,
    run: async ({ target }) => {
      await target.close();
      await checkRejects(uploadsOf(target), 'CLOSED', 'unfinishedUploads after close');
    },
  },
];
