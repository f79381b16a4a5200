import { readFileSync, writeFileSync } from 'node:fs';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { CliPlace } from './support/cli-place.ts';

let place: CliPlace;
const copy = ['copy', 'latest', '--from', 'local', '--to', 'other'];

beforeEach(async () => {
  place = await CliPlace.create();
  const file = place.path('quackup.yaml');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('path: b }', 'path: b }, other: { type: local, path: o }'));
  await place.run('backup', '--target', 'local');
});
afterEach(() => place[Symbol.dispose]());

test('copy says what it copied and what was there; --repair also what was damaged', async () => {
  const { status: first, json } = await place.run(...copy);
  expect([first, json]).toMatchObject([0, { copied: [expect.any(String)], replaced: [] }]);
  const archive = `${String(json['backup'])}.tar.zst`;
  const path = place.path(`o/${archive}`);
  const whole = readFileSync(path);
  const damaged = Buffer.from(whole);
  damaged.writeUInt8(damaged.readUInt8(1000) ^ 1, 1000);
  writeFileSync(path, damaged);
  expect((await place.runText(...copy)).stdout).toContain(`  there   ${archive}`);
  expect(readFileSync(path).equals(damaged)).toBe(true);
  const { status, stdout } = await place.runText(...copy, '--repair');
  expect(status).toBe(0);
  expect(stdout).toContain(`  again   ${archive}`);
  expect(stdout).toContain(': 1 archive,');
  expect(readFileSync(path).equals(whole)).toBe(true);
});
