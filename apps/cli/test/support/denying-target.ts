/** A folder whose credentials do not allow everything, as a bucket policy might: `deny` names the operations. */
import { resolve } from 'node:path';

import {
  defineTarget,
  type ObjectInfo,
  type StorageTarget,
  type TargetDefinition,
  TargetError,
} from '@quackup/target-api';
import { LocalTarget } from '@quackup/target-local';

interface Options {
  readonly path: string;
  readonly deny: readonly string[];
}

export const target: TargetDefinition<Options> = defineTarget<Options>({
  type: 'denying',
  optionsSchema: {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => ({ value: value as Options }),
    },
  },
  secretOptions: [],
  open: async ({ path, deny }, { baseDir }): Promise<StorageTarget> => {
    const folder = new LocalTarget(resolve(baseDir, path));
    const refuse = (what: string): void => {
      if (deny.includes(what)) throw new TargetError('ACCESS_DENIED', `${what} is not allowed`);
    };
    return {
      apiVersion: 1,
      type: 'denying',
      displayName: `denying ${path}`,
      capabilities: folder.capabilities,
      put: (key, body, options) => folder.put(key, body, options),
      get: (key, options) => folder.get(key, options),
      stat: (key, options) => folder.stat(key, options),
      async *list(options): AsyncGenerator<ObjectInfo, void, undefined> {
        refuse('list');
        yield* folder.list(options);
      },
      async delete(key, options) {
        refuse('delete');
        await folder.delete(key, options);
      },
      close: () => folder.close(),
      [Symbol.asyncDispose]: () => folder.close(),
    };
  },
});
