// Puts an object of 16 MiB and tells each MiB on stdout, so that the parent can kill it at any of them: slow-put.ts OPTIONS KEY
import { setImmediate } from 'node:timers/promises';

import { objectKey } from '@quackup/target-api';

import { openS3Target, type S3Options } from '../../src/index.ts';

const [options = '{}', key = ''] = process.argv.slice(2);

async function* body(): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < 16; index += 1) {
    yield new Uint8Array(1_048_576).fill(index);
    process.stdout.write(`${index}\n`);
    await setImmediate();
  }
}

const target = await openS3Target(JSON.parse(options) as S3Options);
await target.put(objectKey(key), body());
process.stdout.write('done\n');
// What ends the process is the parent.
setInterval(() => {}, 60_000);
