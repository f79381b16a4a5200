/** A stream of several gigabytes, both ways with Debian's `age`: `QUACKUP_AGE_STREAM_GIB=6`. By default a tenth of one. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { decryptStream, encryptStream, formatIdentity, generateIdentity, recipientOf } from '../src/index.ts';
import { noAge } from './debian-age.ts';
import { randomBuffer } from './fixtures.ts';

const MIB = 1024 * 1024;
const mebibytes = Math.round(Number(process.env.QUACKUP_AGE_STREAM_GIB ?? 0.1) * 1024);

const identity = await generateIdentity();
const recipient = await recipientOf(identity);
const block = randomBuffer(MIB + 1);

/** The same content each time it is called: blocks that begin with their number, of a length that meets no border. */
async function* content(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < mebibytes; at += 1) {
    const next = Buffer.from(block);
    next.writeUInt32BE(at);
    yield next;
  }
}

async function digest(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of stream) hash.update(bytes);
  return hash.digest('hex');
}

/** Runs a command with `input` on its stdin; gives its stdout. */
async function* through(
  args: readonly string[],
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const child = spawn('age', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  const fed = pipeline(Readable.from(input, { objectMode: false }), child.stdin);
  yield* child.stdout as AsyncIterable<Uint8Array>;
  await fed;
  const code = await ended;
  if (code !== 0) throw new Error(`age ended with ${code}`);
}

describe.skipIf(noAge !== undefined)(`a stream of ${mebibytes} MiB`, () => {
  let folder: string;
  const key = (): string => join(folder, 'key');
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quackup-age-'));
    await writeFile(key(), await formatIdentity(identity, new Date(0)), { mode: 0o600 });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test(
    'goes from us to age and back, with no more memory than a short one',
    { timeout: 1_800_000 },
    async () => {
      const wanted = await digest(content());
      const before = process.memoryUsage.rss();
      let peak = 0;
      const watch = setInterval(() => {
        peak = Math.max(peak, process.memoryUsage.rss());
      }, 50);
      try {
        const started = performance.now();
        expect(await digest(through(['-d', '-i', key()], encryptStream([recipient])(content())))).toBe(
          wanted,
        );
        const there = performance.now();
        expect(
          await digest(decryptStream([identity])(through(['-r', recipient.text ?? ''], content()))),
        ).toBe(wanted);
        const back = performance.now();
        const rate = (ms: number): string => `${Math.round((mebibytes / ms) * 1000)} MiB/s`;
        console.log(
          `${mebibytes} MiB: to age ${rate(there - started)}, from age ${rate(back - there)}, memory ${Math.round((peak - before) / MIB)} MiB more than before`,
        );
      } finally {
        clearInterval(watch);
      }
      expect(peak - before).toBeLessThan(200 * MIB);
    },
  );
});
