// Puts an object of 200 chunks and tells each chunk on stdout, so that the parent can kill it at any of them.
// node slow-put.ts FOLDER KEY [if-absent]
import { setImmediate } from 'node:timers/promises';

import { objectKey } from '@quackup/target-api';

import { LocalTarget } from '../../src/index.ts';

const [folder = '', key = '', condition] = process.argv.slice(2);

async function* body(): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < 200; index += 1) {
    yield new Uint8Array(65_536).fill(index);
    process.stdout.write(`${index}\n`);
    await setImmediate();
  }
}

const options = condition === 'if-absent' ? ({ condition: { type: 'if-absent' } } as const) : {};
await new LocalTarget(folder).put(objectKey(key), body(), options);
process.stdout.write('done\n');
