import { Readable } from 'node:stream';

import { expect, it } from 'vitest';

import { responseBody } from '../src/lib/response-body.ts';
import { errorOf } from './support.ts';

const options = {
  what: 'get of "a"',
  length: 6,
  failure: (error: unknown): Error => new Error('translated', { cause: error }),
  signal: undefined,
};

const read = async (body: Readable): Promise<string> => {
  let text = '';
  for await (const chunk of body as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
};

it('gives the bytes of the answer', async () => {
  expect(await read(responseBody(Readable.from([Buffer.from('abc'), Buffer.from('def')]), options))).toBe(
    'abcdef',
  );
});

it.each([['abc'], ['abcdefg'], ['']])('fails if "%s" comes instead of six bytes', async (text) => {
  const body = responseBody(Readable.from([Buffer.from(text)]), options);
  const error = await errorOf(read(body));
  expect([error.code, error.retryable]).toEqual(['UNAVAILABLE', true]);
  expect(error.message).toContain(`after ${text.length} of 6 bytes`);
});

it('fails if the connection is closed without a word', async () => {
  const source = new Readable({ read() {} });
  const body = responseBody(source, options);
  source.push('abc');
  setImmediate(() => source.destroy());
  expect((await errorOf(read(body))).code).toBe('UNAVAILABLE');
});

it('translates errors of the connection', async () => {
  const source = new Readable({ read() {} });
  const body = responseBody(source, options);
  const cause = new Error('aborted');
  setImmediate(() => source.destroy(cause));
  await expect(read(body)).rejects.toMatchObject({ message: 'translated', cause });
});

it('frees the connection when it is destroyed, and leaves no listener on the signal', async () => {
  const source = new Readable({ read() {} });
  const controller = new AbortController();
  const body = responseBody(source, { ...options, signal: controller.signal });
  const closed = Promise.withResolvers<undefined>();
  body.once('close', () => closed.resolve(undefined));
  body.destroy();
  await closed.promise;
  expect(source.destroyed).toBe(true);
  controller.abort(new Error('too late'));
  expect(body.errored).toBeNull();
});
