/**
 * A folder that misbehaves as its options say, for the configuration's `type: ./path`. Only archives are disturbed, so that
 * leases and manifests come and go as ever.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  defineTarget,
  type ObjectBody,
  type PutOptions,
  type StorageTarget,
  type TargetDefinition,
  TargetError,
} from '@quackup/target-api';
import { LocalTarget } from '@quackup/target-local';
import { z } from 'zod';

interface Options {
  readonly path: string;
  /**
   * `fail`: a put fails at once. `cut`: it fails in the middle. `late`: it succeeds, but says so late. `wait-put`, `wait-get`:
   * it stops in the middle, after it has made a file `<path>.waiting`, until there is `<path>.go` or it is aborted.
   * `hang`: as `wait-put`, but deaf to being aborted.
   */
  readonly behaviour: 'fail' | 'cut' | 'late' | 'wait-put' | 'wait-get' | 'hang';
}

const optionsSchema: z.ZodType<Options> = z.strictObject({
  path: z.string(),
  behaviour: z.enum(['fail', 'cut', 'late', 'wait-put', 'wait-get', 'hang']),
});

const LATE_MS = 300;
const LOOK_MS = 5;

async function wait(path: string, signal: AbortSignal | undefined): Promise<void> {
  await writeFile(`${path}.waiting`, '');
  while (!existsSync(`${path}.go`)) {
    signal?.throwIfAborted();
    await sleep(LOOK_MS);
  }
}

async function* interrupted(body: ObjectBody, inTheMiddle: () => Promise<void>): ObjectBody {
  let chunks = 0;
  for await (const chunk of body) {
    yield chunk;
    chunks += 1;
    if (chunks === 1) await inTheMiddle();
  }
}

const failed = (): TargetError => new TargetError('ACCESS_DENIED', 'the place has gone away');

function disturbed({ path, behaviour }: Options): StorageTarget {
  const inner = new LocalTarget(path);
  const put = async (key: string, body: ObjectBody, { signal }: PutOptions): Promise<ObjectBody> => {
    if (!key.includes('.tar')) return body;
    if (behaviour === 'fail') throw failed();
    if (behaviour === 'cut') return interrupted(body, () => Promise.reject(failed()));
    if (behaviour === 'wait-put') return interrupted(body, () => wait(path, signal));
    if (behaviour === 'hang') return interrupted(body, () => wait(path, undefined));
    return body;
  };
  return {
    apiVersion: inner.apiVersion,
    type: 'disturbed',
    displayName: inner.displayName,
    capabilities: inner.capabilities,
    put: async (key, body, options = {}) => {
      const stored = await inner.put(key, await put(key, body, options), options);
      if (behaviour === 'late') await sleep(LATE_MS);
      return stored;
    },
    get: async (key, options) => {
      if (behaviour === 'wait-get' && key.includes('.tar')) await wait(path, options?.signal);
      return inner.get(key, options);
    },
    stat: (key, options) => inner.stat(key, options),
    list: (options) => inner.list(options),
    delete: (key, options) => inner.delete(key, options),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  };
}

export const target: TargetDefinition<Options> = defineTarget<Options>({
  type: 'disturbed',
  optionsSchema,
  secretOptions: [],
  open: async ({ path, ...options }, { baseDir }) => disturbed({ path: resolve(baseDir, path), ...options }),
});
