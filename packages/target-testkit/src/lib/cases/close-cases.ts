import type { ObjectKey, StorageTarget } from '@quackup/target-api';

import { pattern, ProbeBody } from '../bodies.ts';
import { checkEqual, checkRejects } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { checkAbsent, checkStored, listAll, store } from '../reading.ts';

const BYTES = pattern(100, 1);

type Call = (target: StorageTarget, key: ObjectKey) => Promise<unknown>;

const CALLS: Readonly<Record<string, Call>> = {
  get: (target, key) => target.get(key),
  stat: (target, key) => target.stat(key),
  list: (target, key) => listAll(target, { prefix: key }),
  delete: (target, key) => target.delete(key),
};

const afterClose = (name: string, call: Call): ConformanceCase => ({
  id: `close.later-${name}`,
  sentence: `close: calls that come later reject with CLOSED (${name})`,
  safe: true,
  run: async ({ target, key, reopen }) => {
    await store(target, key('a'), BYTES);
    await target.close();
    await checkRejects(call(target, key('a')), 'CLOSED', `${name} after close`);
    await checkStored(await reopen(), key('a'), BYTES, `object after a ${name} that came too late`);
  },
});

/** Ending a connection. */
export const closeCases: readonly ConformanceCase[] = [
  {
    id: 'close.again',
    sentence: 'close: may be called again',
    safe: true,
    run: async ({ target }) => {
      await Promise.all([target.close(), target.close()]);
      await target.close();
      await target[Symbol.asyncDispose]();
    },
  },
  {
    id: 'close.dispose',
    sentence: 'close: the same as Symbol.asyncDispose',
    safe: true,
    run: async ({ target, key }) => {
      await target[Symbol.asyncDispose]();
      await checkRejects(target.stat(key('a')), 'CLOSED', 'stat after asyncDispose');
    },
  },
  {
    id: 'close.later-put',
    sentence: 'close: calls that come later reject with CLOSED (put)',
    safe: true,
    run: async ({ target, key, reopen }) => {
      await target.close();
      const body = new ProbeBody([BYTES]);
      await checkRejects(target.put(key('a'), body), 'CLOSED', 'put after close');
      checkEqual(body.reads, 0, 'chunks read of the body');
      await checkAbsent(await reopen(), key('a'), 'after a put that came too late');
    },
  },
  ...Object.entries(CALLS).map(([name, call]) => afterClose(name, call)),
  {
    ...afterClose('delete-many', (target, key) => target.deleteMany?.([key]) ?? Promise.resolve()),
    requires: 'deleteMany',
  },
  {
    id: 'close.only-that',
    sentence: 'close: ends connections of this target, and no other',
    safe: true,
    run: async ({ target, key, reopen }) => {
      const other = await reopen();
      await other.close();
      await store(target, key('a'), BYTES);
      await checkStored(target, key('a'), BYTES, 'object stored after another connection was closed');
    },
  },
];
