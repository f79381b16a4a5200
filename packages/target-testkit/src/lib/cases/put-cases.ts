import { bodyOf, pattern, ProbeBody } from '../bodies.ts';
import { check, checkBytes, checkEqual, checkRejects, outcomeOf } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { checkAbsent, checkStored, readObject, store } from '../reading.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

// Around the sizes at which implementations change their ways: one chunk, one buffer, one part of a multipart upload.
const SIZES = [0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, MIB + 1, 8 * MIB, 8 * MIB + 1];

/** What a put that succeeds stores and returns. */
export const putCases: readonly ConformanceCase[] = [
  {
    id: 'put.round-trip',
    sentence: 'put: stores an object; the object becomes visible whole when this resolves',
    safe: true,
    slow: 4,
    run: async ({ target, key }) => {
      const { maxObjectSize = Number.POSITIVE_INFINITY } = target.capabilities;
      for (const size of SIZES.filter((each) => each <= maxObjectSize)) {
        const bytes = pattern(size, size);
        const info = await store(target, key(`size-${size}`), bytes);
        checkEqual(info.size, size, 'size that put returns');
        await checkStored(target, key(`size-${size}`), bytes, `object of ${size} bytes`);
      }
    },
  },
  {
    id: 'put.chunk-sizes',
    sentence: 'ObjectBody: chunks may have any size, also 0',
    safe: true,
    run: async ({ target, key }) => {
      const bytes = pattern(3000, 1);
      const none = new Uint8Array(0);
      await target.put(key('tiny'), bodyOf(bytes, 1));
      checkBytes(await readObject(target, key('tiny')), bytes, 'object put in chunks of 1 byte');
      const ragged = [
        none,
        bytes.subarray(0, 1),
        none,
        none,
        bytes.subarray(1, 2999),
        bytes.subarray(2999),
        none,
      ];
      await target.put(key('ragged'), new ProbeBody(ragged), { size: 3000 });
      checkBytes(await readObject(target, key('ragged')), bytes, 'object put with empty chunks');
      await target.put(key('empty'), new ProbeBody([none, none]));
      checkBytes(await readObject(target, key('empty')), none, 'object put in empty chunks only');
    },
  },
  {
    id: 'put.one-large-chunk',
    sentence: 'ObjectBody: chunks may have any size, also larger than any buffer',
    safe: true,
    run: async ({ target, key }) => {
      const bytes = pattern(5 * MIB + 3, 2);
      await target.put(key('a'), new ProbeBody([bytes.subarray(0, 10), bytes.subarray(10)]));
      checkBytes(await readObject(target, key('a')), bytes, 'object put in one chunk of 5 MiB');
    },
  },
  {
    id: 'put.read-once',
    sentence: 'ObjectBody: read once, from start to end, never concurrently',
    safe: true,
    run: async ({ target, key }) => {
      const bytes = pattern(640 * KIB, 3);
      const later = Array.from({ length: 10 }, (_, index) => async () => {
        await Promise.resolve();
        return bytes.subarray(index * 64 * KIB, (index + 1) * 64 * KIB);
      });
      const body = new ProbeBody(later);
      await target.put(key('a'), body);
      checkEqual(body.iterations, 1, 'times that the body was begun');
      check(!body.readConcurrently, 'expected no chunk to be asked for while another was awaited');
      check(body.finished, 'expected the body to be read to its end');
      checkBytes(await readObject(target, key('a')), bytes, 'object');
    },
  },
  {
    id: 'put.leaves-chunks',
    sentence: 'ObjectBody: the target must leave a chunk as it is',
    safe: true,
    run: async ({ target, key }) => {
      // Small ones, which are joined, and large ones, which are worth handing on without a copy.
      const sizes = [1, 1000, 64 * KIB, MIB, 5 * MIB];
      const chunks = sizes.map((size) => pattern(size, size));
      await target.put(key('a'), new ProbeBody(chunks));
      for (const [index, size] of sizes.entries()) {
        checkBytes(
          chunks[index] ?? new Uint8Array(0),
          pattern(size, size),
          `chunk of ${size} bytes after the put`,
        );
      }
    },
  },
  {
    id: 'put.key-below-key',
    sentence:
      'ObjectKey: a target without room for a key below a key refuses the second and leaves the first as it is',
    safe: true,
    run: async ({ target, key }) => {
      const [first, second] = [pattern(1000, 1), pattern(2000, 2)];
      for (const [one, two] of [
        [key('a'), key('a/b')],
        [key('c/d'), key('c')],
      ] as const) {
        await store(target, one, first);
        const outcome = await outcomeOf(store(target, two, second));
        await checkStored(target, one, first, `the object ${one}`);
        if (outcome.ok) {
          await checkStored(target, two, second, `the object ${two} beside ${one}`);
          continue;
        }
        await checkRejects(Promise.reject(outcome.error), 'UNSUPPORTED', `put of ${two} beside ${one}`);
        await checkAbsent(target, two, `the object ${two}, which was refused`);
        await target.delete(one);
        await store(target, two, second);
        await checkStored(target, two, second, `the object ${two} after ${one} was deleted`);
      }
    },
  },
  {
    id: 'put.exact-size',
    sentence: 'PutOptions.size: exact length in bytes, if known',
    safe: true,
    run: async ({ target, key }) => {
      for (const size of [0, 1, 100_000]) {
        const bytes = pattern(size, 4);
        await target.put(key(`size-${size}`), bodyOf(bytes), { size });
        await checkStored(target, key(`size-${size}`), bytes, `object of ${size} bytes, declared`);
      }
    },
  },
  {
    id: 'put.returns-info',
    sentence: 'put: returns what was stored, etag included where the backend has one',
    safe: true,
    run: async ({ target, key }) => {
      const put = await store(target, key('a'), pattern(1000, 5));
      const stat = await target.stat(key('a'));
      checkEqual([put.key, put.size], [key('a'), 1000], 'key and size that put returns');
      checkEqual(put.etag, stat?.etag, 'etag that put returns, compared with that of stat');
      check(Number.isFinite(put.modifiedAt.getTime()), 'modifiedAt that put returns: expected a valid Date');
    },
  },
  {
    id: 'put.replaces',
    sentence: 'PutOptions.condition absent: replace whatever is there',
    safe: true,
    run: async ({ target, key }) => {
      for (const size of [5000, 100, 0, 70_000]) {
        await store(target, key('a'), pattern(size, size));
        await checkStored(target, key('a'), pattern(size, size), `object replaced by ${size} bytes`);
      }
    },
  },
  {
    id: 'put.etag-changes',
    sentence: 'ObjectInfo.etag: changes whenever the content does',
    safe: true,
    run: async ({ target, key }) => {
      const etags: (string | undefined)[] = [];
      for (const seed of [1, 2, 3, 4, 5])
        etags.push((await store(target, key('a'), pattern(100, seed))).etag);
      const present = etags.filter((etag) => etag !== undefined);
      check(present.length === 0 || present.length === etags.length, 'expected an etag always or never');
      checkEqual(new Set(present).size, present.length, 'different etags of different contents of one size');
    },
  },
];
