import type { ByteRange } from '@quackup/target-api';

import { pattern } from '../bodies.ts';
import { checkBytes, checkEqual, checkRejects } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { readAll, readObject, store } from '../reading.ts';

const KIB = 1024;

/** Reading parts of objects. */
export const rangeCases: readonly ConformanceCase[] = [
  {
    id: 'get.range',
    sentence: 'ByteRange: bytes `start` (inclusive) to `end` (exclusive); absent `end`: to the end',
    safe: true,
    slow: 2,
    run: async ({ target, key }) => {
      const size = 200 * KIB;
      const bytes = pattern(size, 1);
      await store(target, key('a'), bytes);
      const ranges: readonly ByteRange[] = [
        { start: 0 },
        { start: 1 },
        { start: size - 1 },
        { start: 0, end: 1 },
        { start: 0, end: size },
        { start: 0, end: size - 1 },
        { start: 65_535, end: 65_537 },
        { start: 70_000, end: 170_001 },
        { start: size - 1, end: size },
      ];
      for (const range of ranges) {
        const expected = bytes.subarray(range.start, range.end ?? size);
        checkBytes(
          await readObject(target, key('a'), range),
          expected,
          `range ${range.start} to ${range.end ?? ''}`,
        );
      }
    },
  },
  {
    id: 'get.empty-range',
    sentence: 'ByteRange: start <= end; where they are equal there are no bytes',
    safe: true,
    run: async ({ target, key }) => {
      await store(target, key('a'), pattern(100, 2));
      for (const at of [0, 50, 100, 101]) {
        const bytes = await readObject(target, key('a'), { start: at, end: at });
        checkEqual(bytes.length, 0, `bytes of the range ${at} to ${at}`);
      }
    },
  },
  {
    id: 'get.range-clamped',
    sentence:
      'get: a range is clamped to the object; one that begins at or after the end gives an empty body',
    safe: true,
    run: async ({ target, key }) => {
      const bytes = pattern(1000, 3);
      await store(target, key('a'), bytes);
      await store(target, key('empty'), new Uint8Array(0));
      checkBytes(await readObject(target, key('a'), { start: 0, end: 5000 }), bytes, 'range past the end');
      const tail = await readObject(target, key('a'), { start: 990, end: 1001 });
      checkBytes(tail, bytes.subarray(990), 'range one byte past the end');
      for (const range of [
        { start: 1000 },
        { start: 1000, end: 1001 },
        { start: 5000 },
        { start: 5000, end: 6000 },
      ]) {
        const got = await readObject(target, key('a'), range);
        checkEqual(got.length, 0, `bytes of the range ${range.start} to ${range.end ?? ''} of 1000`);
      }
      checkEqual(
        (await readObject(target, key('empty'), { start: 0 })).length,
        0,
        'bytes of an empty object from 0',
      );
      const past = await readObject(target, key('empty'), { start: 0, end: 10 });
      checkEqual(past.length, 0, 'bytes of an empty object from 0 to 10');
    },
  },
  {
    id: 'get.info-of-whole',
    sentence: 'ObjectRead.info: of the whole object, also when a range was asked for',
    safe: true,
    run: async ({ target, key }) => {
      const put = await store(target, key('a'), pattern(1000, 4));
      for (const range of [
        { start: 10, end: 20 },
        { start: 0, end: 0 },
        { start: 2000 },
        { start: 990, end: 2000 },
      ]) {
        const { info, body } = await target.get(key('a'), { range });
        await readAll(body);
        checkEqual(
          [info.size, info.etag],
          [1000, put.etag],
          `size and etag with the range ${JSON.stringify(range)}`,
        );
      }
    },
  },
  {
    id: 'get.invalid-range',
    sentence: 'get: throws INVALID_RANGE if the range is not a range',
    safe: true,
    run: async ({ target, key }) => {
      await store(target, key('a'), pattern(1000, 5));
      const ranges: readonly ByteRange[] = [
        { start: -1 },
        { start: 1.5 },
        { start: Number.NaN },
        { start: 0, end: -1 },
        { start: 0, end: 0.5 },
        { start: 0, end: Number.POSITIVE_INFINITY },
        { start: 20, end: 10 },
      ];
      for (const range of ranges) {
        await checkRejects(
          target.get(key('a'), { range }),
          'INVALID_RANGE',
          `range ${range.start} to ${range.end}`,
        );
      }
    },
  },
];
