/** Speed of encryption alone: random bytes in memory, nothing is written. Usage: node bench/speed.ts [GIB]. */
import { randomBytes } from 'node:crypto';

import { decryptStream, encryptStream, generateIdentity, openEncrypted, recipientOf } from '../src/index.ts';

const MIB = 1024 * 1024;
const mebibytes = Math.round(Number(process.argv[2] ?? 4) * 1024);
const identity = await generateIdentity();
const recipients = [await recipientOf(identity)];
const block = randomBytes(MIB);

async function* content(count: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < count; at += 1) yield block;
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const bytes of stream) parts.push(bytes);
  return Buffer.concat(parts);
}

async function measure(what: string, moved: number, run: () => Promise<void>): Promise<void> {
  await run();
  const started = performance.now();
  await run();
  const rate = (moved / MIB / (performance.now() - started)) * 1000;
  console.log(`${what.padEnd(22)} ${Math.round(rate)} MiB/s`);
}

const SMALL = 128;
const file = await collect(encryptStream(recipients)(content(SMALL)));
async function* again(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += MIB) yield file.subarray(at, at + MIB);
}
const opened = await openEncrypted(
  {
    size: file.length,
    read: async (offset, length) => new Uint8Array(file.subarray(offset, offset + length)),
  },
  [identity],
);
const rounds = Math.ceil(mebibytes / SMALL);

await measure('encrypt, stream', mebibytes * MIB, async () => {
  for await (const _ of encryptStream(recipients)(content(mebibytes)));
});
await measure('decrypt, stream', rounds * SMALL * MIB, async () => {
  for (let round = 0; round < rounds; round += 1) for await (const _ of decryptStream([identity])(again()));
});
const READ = 256 * 1024;
const reads = (mebibytes * MIB) / 4 / READ;
await measure('decrypt, 256 KiB each', reads * READ, async () => {
  for (let at = 0; at < reads; at += 1) await opened.read((at * 7_919_993) % (opened.size - READ), READ);
});
