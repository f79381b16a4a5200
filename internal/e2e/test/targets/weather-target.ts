/**
 * A folder with weather, for the configuration's `type: ./path`. The file `<path>.weather` says how it is: `down` (every call
 * fails, each day in another way) or `full` (an archive fails in the middle). No file: all is well.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import {
  defineTarget,
  type ObjectBody,
  type StorageTarget,
  type TargetDefinition,
  TargetError,
} from '@quackup/target-api';
import { LocalTarget } from '@quackup/target-local';
import { z } from 'zod';

interface Options {
  readonly path: string;
}

const optionsSchema: z.ZodType<Options> = z.strictObject({ path: z.string() });

function weatherOf(path: string): string {
  return existsSync(`${path}.weather`) ? readFileSync(`${path}.weather`, 'utf8') : '';
}

/** The first word is what it is, the second which error it is today. */
function throwIfDown(path: string): void {
  const [weather, code] = weatherOf(path).split(' ');
  if (weather !== 'down') return;
  if (code === 'denied') throw new TargetError('ACCESS_DENIED', 'the door is shut');
  throw new TargetError('UNAVAILABLE', 'nobody answers', { retryable: false });
}

async function* untilFull(body: ObjectBody): ObjectBody {
  for await (const chunk of body) {
    yield chunk;
    throw new TargetError('NO_SPACE', 'no space is left on the device');
  }
}

function withWeather(path: string): StorageTarget {
  const inner = new LocalTarget(path);
  return {
    apiVersion: inner.apiVersion,
    type: 'weather',
    displayName: inner.displayName,
    capabilities: inner.capabilities,
    put: async (key, body, options = {}) => {
      throwIfDown(path);
      return inner.put(
        key,
        weatherOf(path) === 'full' && key.includes('.tar') ? untilFull(body) : body,
        options,
      );
    },
    get: async (key, options) => {
      throwIfDown(path);
      return inner.get(key, options);
    },
    stat: async (key, options) => {
      throwIfDown(path);
      return inner.stat(key, options);
    },
    list: (options) => {
      throwIfDown(path);
      return inner.list(options);
    },
    delete: async (key, options) => {
      throwIfDown(path);
      return inner.delete(key, options);
    },
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  };
}

export const target: TargetDefinition<Options> = defineTarget<Options>({
  type: 'weather',
  optionsSchema,
  secretOptions: [],
  open: async ({ path }, { baseDir }) => withWeather(resolve(baseDir, path)),
});
