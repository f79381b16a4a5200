import { getEventListeners } from 'node:events';

import { describe, expect, test } from 'vitest';

import { readBody } from '../src/index.ts';

/** A body of some chunks that records how it is left; then it ends, fails, or gives nothing more. */
function body(then: 'end' | 'fail' | 'wait'): AsyncIterable<Uint8Array> & { closed: number } {
  const chunks = [Buffer.from('one'), Buffer.from('two')];
  const result = {
    closed: 0,
    [Symbol.asyncIterator]: (): AsyncIterator<Uint8Array> => ({
      next: async () => {
        const value = chunks.shift();
        if (value !== undefined) return { done: false, value };
        if (then === 'fail') throw failure;
        if (then === 'wait') await new Promise(() => {});
        return { done: true, value: undefined };
      },
      return: async () => {
        result.closed += 1;
        throw new Error('cannot be closed');
      },
    }),
  };
  return result;
}
const failure = new Error('disk');
const reason = new Error('interrupted');

async function read(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<string> {
  let text = '';
  for await (const chunk of readBody(source, signal)) text += Buffer.from(chunk).toString();
  return text;
}

test('a body that ends is read whole and not closed again', async () => {
  const source = body('end');
  expect(await read(source)).toBe('onetwo');
  expect(source.closed).toBe(0);
});

test('a body’s own error comes unwrapped, and the body has closed itself', async () => {
  const source = body('fail');
  await expect(read(source, new AbortController().signal)).rejects.toBe(failure);
  expect(source.closed).toBe(0);
});

test('a body that is left is closed, and the reason for leaving counts, not what closing says', async () => {
  const source = body('end');
  const leave = async (): Promise<void> => {
    for await (const _ of readBody(source, undefined)) throw reason;
  };
  await expect(leave()).rejects.toBe(reason);
  expect(source.closed).toBe(1);
});

describe('an abort', () => {
  test('before the first chunk reads nothing', async () => {
    const source = body('end');
    await expect(read(source, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(source.closed).toBe(0);
  });

  test('ends the reading at once, with the reason itself, even while the body gives nothing', async () => {
    const abort = new AbortController();
    const source = body('wait');
    const reading = read(source, abort.signal);
    await new Promise(setImmediate);
    abort.abort(reason);
    await expect(reading).rejects.toBe(reason);
    expect(source.closed).toBe(1);
  });

  test('between two chunks asks for no further one', async () => {
    const abort = new AbortController();
    const source = body('end');
    const texts: string[] = [];
    const reading = (async () => {
      for await (const chunk of readBody(source, abort.signal)) {
        texts.push(Buffer.from(chunk).toString());
        abort.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(texts).toEqual(['one']);
    expect(source.closed).toBe(1);
  });

  test('that never comes leaves no listener behind', async () => {
    const { signal } = new AbortController();
    await read(body('end'), signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
