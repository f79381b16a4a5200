// Puts a stream of unknown length and prints how much memory that took: put-stream.ts CONNECTION_STRING CONTAINER MIB
import { objectKey } from '@quackup/target-api';

import { openAzureTarget } from '../../src/index.ts';

const [connectionString = '', container = '', mib = '0'] = process.argv.slice(2);
await using target = await openAzureTarget({ container, connectionString });
// What the SDK and the first request need is not what is asked for.
await target.stat(objectKey('a'));
const before = process.memoryUsage().rss;
async function* body(): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < Number(mib); sent += 1) yield Buffer.alloc(1_048_576, sent % 251);
}
const { size } = await target.put(objectKey('a'), body());
// maxRSS is in KiB.
console.log(JSON.stringify({ size, grownBytes: process.resourceUsage().maxRSS * 1024 - before }));
