import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { expect, it } from 'vitest';

import { type GcsServer, startGcsServer } from '../src/index.ts';

const GRAIN = 262_144;

const objects = (server: GcsServer): string => `${server.endpoint}/storage/v1/b/test/o`;
const uploads = (server: GcsServer): string => `${server.endpoint}/upload/storage/v1/b/test/o`;

/** Stores an object in one request. */
function insert(server: GcsServer, name: string, content: string, query = ''): Promise<Response> {
  const metadata = JSON.stringify({ name, storageClass: 'NEARLINE' });
  return fetch(`${uploads(server)}?uploadType=multipart${query}`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/related; boundary="x y"' },
    body: `--x y\r\ncontent-type: application/json\r\n\r\n${metadata}\r\n--x y\r\ncontent-type: text/plain\r\n\r\n${content}\r\n--x y--`,
  });
}

async function begin(server: GcsServer, name: string, query = ''): Promise<string> {
  const answer = await fetch(`${uploads(server)}?uploadType=resumable&name=${name}${query}`, {
    method: 'POST',
  });
  expect(answer.status).toBe(200);
  return answer.headers.get('location') ?? '';
}

const chunk = (address: string, range: string, body?: Buffer<ArrayBuffer>, hash = ''): Promise<Response> =>
  fetch(address, {
    method: 'PUT',
    headers: { 'content-range': range, 'x-goog-hash': hash },
    ...(body === undefined ? {} : { body }),
    redirect: 'manual',
  });

const reasonOf = async (answer: Response): Promise<string> => {
  const { error } = (await answer.json()) as {
    readonly error: { readonly errors: readonly [{ reason: string }] };
  };
  return error.errors[0].reason;
};

it('stores, gives, lists and deletes an object', async () => {
  await using server = await startGcsServer();
  const resource = await (await insert(server, 'a/b', 'quack\r\n--quack')).json();
  expect(resource).toMatchObject({ name: 'a/b', size: '14', storageClass: 'NEARLINE' });
  const url = `${objects(server)}/a%2Fb`;
  expect(await (await fetch(url)).json()).toEqual(resource);
  expect(await (await fetch(`${url}?alt=media`)).text()).toBe('quack\r\n--quack');
  const part = await fetch(`${url}?alt=media`, { headers: { range: 'bytes=1-3' } });
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
    206,
    'bytes 1-3/14',
    'uac',
  ]);
  expect((await fetch(`${url}?alt=media`, { headers: { range: 'bytes=14-' } })).status).toBe(416);
  expect(await (await fetch(objects(server))).json()).toMatchObject({ items: [{ name: 'a/b' }] });
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(204);
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(404);
  expect([server.objects().size, server.generations('a/b')]).toEqual([0, 1]);
});

it('lists pages in the order of bytes', async () => {
  await using server = await startGcsServer({ pageSize: 2 });
  for (const name of ['b', 'a/b', 'a-b', 'aB', 'c']) await insert(server, name, '');
  const names: string[] = [];
  let pageToken = '';
  do {
    const query = new URLSearchParams({ startOffset: 'a.', ...(pageToken === '' ? {} : { pageToken }) });
    const page = (await (await fetch(`${objects(server)}?${query.toString()}`)).json()) as {
      readonly items?: readonly { readonly name: string }[];
      readonly nextPageToken?: string;
    };
    expect(page.items?.length).toBeLessThanOrEqual(2);
    names.push(...(page.items ?? []).map(({ name }) => name));
    pageToken = page.nextPageToken ?? '';
  } while (pageToken !== '');
  expect(names).toEqual(['a/b', 'aB', 'b', 'c']);
});

it('keeps to conditions, with one winner', async () => {
  await using server = await startGcsServer();
  const answers = await Promise.all(
    [1, 2, 3, 4].map((n) => insert(server, 'a', String(n), '&ifGenerationMatch=0')),
  );
  expect(answers.map(({ status }) => status).toSorted((left, right) => left - right)).toEqual([
    200, 412, 412, 412,
  ]);
  const { generation } = (await (await fetch(`${objects(server)}/a`)).json()) as {
    readonly generation: string;
  };
  expect((await insert(server, 'a', 'x', `&ifGenerationMatch=${generation}`)).status).toBe(200);
  expect(await reasonOf(await insert(server, 'a', 'x', `&ifGenerationMatch=${generation}`))).toBe(
    'conditionNotMet',
  );
});

it('takes an upload in chunks, says how far it is, and shows nothing before its end', async () => {
  await using server = await startGcsServer();
  const address = await begin(server, 'a', '&ifGenerationMatch=0');
  const bytes = Buffer.alloc(GRAIN + 5, 'quack');
  expect((await chunk(address, `bytes 0-${GRAIN - 2}/*`, bytes.subarray(0, GRAIN - 1))).status).toBe(400);
  const first = await chunk(address, `bytes 0-${GRAIN - 1}/*`, bytes.subarray(0, GRAIN));
  expect([first.status, first.headers.get('range')]).toEqual([308, `bytes=0-${GRAIN - 1}`]);
  // Bytes that are missing in between.
  expect((await chunk(address, `bytes ${2 * GRAIN}-${3 * GRAIN - 1}/*`, Buffer.alloc(GRAIN))).status).toBe(
    503,
  );
  expect((await chunk(address, 'bytes */*')).headers.get('range')).toBe(`bytes=0-${GRAIN - 1}`);
  expect([server.objects().size, server.uploads()]).toEqual([0, ['a']]);
  // Overlaps what there is.
  const last = await chunk(
    address,
    `bytes ${GRAIN - 3}-${GRAIN + 4}/${GRAIN + 5}`,
    bytes.subarray(GRAIN - 3),
  );
  expect(last.status).toBe(200);
  const resource = await last.json();
  expect(await (await chunk(address, 'bytes */*')).json()).toEqual(resource);
  const stored = await (await fetch(`${objects(server)}/a?alt=media`)).arrayBuffer();
  expect(Buffer.from(stored).equals(bytes)).toBe(true);
  expect(server.uploads()).toEqual([]);
});

it('checks the MD5 that a client says, the condition at the end, and forgets what is cancelled', async () => {
  await using server = await startGcsServer();
  const wrong = await chunk(await begin(server, 'a'), 'bytes 0-2/3', Buffer.from('abc'), 'md5=AAAA');
  expect([wrong.status, server.objects().size]).toEqual([400, 0]);
  const late = await begin(server, 'b', '&ifGenerationMatch=0');
  await insert(server, 'b', 'first');
  expect((await chunk(late, 'bytes 0-2/3', Buffer.from('abc'))).status).toBe(412);
  const cancelled = await begin(server, 'c');
  expect((await fetch(cancelled, { method: 'DELETE' })).status).toBe(499);
  expect((await chunk(cancelled, 'bytes */*')).status).toBe(410);
});

it('asks who asks and what they may, and tells a bucket from an object that is not there', async () => {
  await using server = await startGcsServer({ tokens: ['good'], denied: ['DeleteObject'] });
  const ask = (path: string, token: string, method = 'GET'): Promise<Response> =>
    fetch(`${server.endpoint}/storage/v1/b/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
    });
  expect(await reasonOf(await fetch(objects(server)))).toBe('required');
  expect(await reasonOf(await ask('test/o', 'bad'))).toBe('authError');
  expect(await reasonOf(await ask('test/o/a', 'good', 'DELETE'))).toBe('forbidden');
  expect(await (await ask('test/o/a', 'good')).text()).toContain('No such object');
  expect(await (await ask('other/o/a', 'good')).text()).toContain('The specified bucket does not exist');
  expect((await ask('test', 'good')).status).toBe(200);
});

it('disturbs the requests that it is told to, and no others', async () => {
  await using server = await startGcsServer();
  await insert(server, 'a', 'quack');
  const url = `${objects(server)}/a`;
  server.faults.add({ kind: 'error', status: 503, operation: 'GetObject', after: 1, times: 2 });
  const statuses = [];
  for (let round = 0; round < 4; round += 1) statuses.push((await fetch(url)).status);
  expect(statuses).toEqual([200, 503, 503, 200]);
  for (const kind of ['reset', 'cut'] as const) {
    server.faults.add({ kind, operation: 'GetMedia' });
    await expect(fetch(`${url}?alt=media`).then((answer) => answer.text())).rejects.toThrow(TypeError);
  }
  server.faults.add({ kind: 'wrong-length', operation: 'GetMedia' });
  expect(await (await fetch(`${url}?alt=media`)).text()).toBe('quac');
  server.faults.add({ kind: 'reset-after', operation: 'DeleteObject' });
  await expect(fetch(url, { method: 'DELETE' })).rejects.toThrow(TypeError);
  expect(server.objects().size).toBe(0);
  server.faults.add({ kind: 'error', operation: 'ListObjects', times: Infinity });
  server.faults.clear();
  expect((await fetch(objects(server))).status).toBe(200);
});

const foldersNow = (): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('quackup-gcs-server-'));

it('removes its folder when it is closed', async () => {
  const before = new Set(foldersNow());
  const server = await startGcsServer();
  const made = foldersNow().filter((name) => !before.has(name));
  await server.close();
  await server.close();
  // Tests of other packages make folders of that name too, so one of those seen is enough.
  expect(made.some((name) => !existsSync(`${tmpdir()}/${name}`))).toBe(true);
});
