import { join } from 'node:path';

import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';

import { holdCheckpoints } from '../../src/lib/snapshot/hold-checkpoints.ts';
import { tempFolder } from '../make-database.ts';

/** An instance with as many connections to it as are asked for. */
class Instance implements Disposable {
  readonly #instance: DuckDBInstance;
  readonly #connections: DuckDBConnection[] = [];

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  static async open(path = ':memory:'): Promise<Instance> {
    return new Instance(await DuckDBInstance.create(path));
  }

  async connect(...statements: readonly string[]): Promise<DuckDBConnection> {
    const connection = await this.#instance.connect();
    this.#connections.push(connection);
    for (const sql of statements) await connection.run(sql);
    return connection;
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) connection.closeSync();
    this.#instance.closeSync();
  }
}

async function threshold(connection: DuckDBConnection): Promise<string> {
  const answer = await connection.runAndReadAll("SELECT current_setting('checkpoint_threshold')");
  return answer.getRowsJson()[0]?.[0] as string;
}

/** PiB: what no WAL ever reaches. */
const isHeld = async (connection: DuckDBConnection): Promise<boolean> =>
  (await threshold(connection)).endsWith('PiB');

const letGo = async (holding: AsyncDisposable): Promise<void> => holding[Symbol.asyncDispose]();

test.each([
  ['2GB', '1.8 GiB'],
  ['3.7GB', '3.4 GiB'],
  ['100MB', '95.3 MiB'],
  ['1KB', '1000 bytes'],
  ['1 byte', '1 byte'],
  ['0KB', '0 bytes'],
  [undefined, '16.0 MiB'],
])('a threshold of %s is the same after ten times', async (set, shown) => {
  using instance = await Instance.open();
  const connection = await instance.connect();
  if (set !== undefined) await connection.run(`SET checkpoint_threshold = '${set}'`);
  for (let times = 0; times < 10; times += 1) {
    await using _held = await holdCheckpoints(connection);
    expect(await isHeld(connection)).toBe(true);
  }
  expect(await threshold(connection)).toBe(shown);
});

test.each(['first', 'last'])(
  'two databases of one instance share a threshold, and it is set back when both are done, the first one %s',
  async (place) => {
    using folder = tempFolder();
    using instance = await Instance.open(join(folder.path, 'a.duckdb'));
    const first = await instance.connect();
    const second = await instance.connect(`ATTACH '${join(folder.path, 'b.duckdb')}' AS b`, 'USE b');
    const holdings = await Promise.all([holdCheckpoints(first), holdCheckpoints(second)]);
    for (const holding of place === 'first' ? holdings : holdings.toReversed()) {
      expect(await isHeld(first)).toBe(true);
      await letGo(holding);
    }
    expect(await threshold(first)).toBe('16.0 MiB');
  },
);

test('each instance has its own threshold, also if both are in memory', async () => {
  using folder = tempFolder();
  using one = await Instance.open();
  using other = await Instance.open();
  const first = await one.connect(`ATTACH '${join(folder.path, 'a.duckdb')}' AS x`);
  const second = await other.connect(
    `ATTACH '${join(folder.path, 'b.duckdb')}' AS x`,
    "SET checkpoint_threshold = '1GiB'",
  );
  const holdings = await Promise.all([holdCheckpoints(first), holdCheckpoints(second)]);
  await Promise.all(holdings.map(letGo));
  expect(await threshold(first)).toBe('16.0 MiB');
  expect(await threshold(second)).toBe('1.0 GiB');
});

test('what two instances in memory share is only the turn', async () => {
  using one = await Instance.open();
  using other = await Instance.open();
  const first = await one.connect("SET checkpoint_threshold = '2GiB'");
  const second = await other.connect("SET checkpoint_threshold = '1GiB'");
  const holdings = await Promise.all([holdCheckpoints(first), holdCheckpoints(second)]);
  expect(await Promise.all([isHeld(first), isHeld(second)])).toEqual([true, true]);
  await Promise.all(holdings.map(letGo));
  expect(await threshold(first)).toBe('2.0 GiB');
  expect(await threshold(second)).toBe('1.0 GiB');
});

test('who begins while another one ends holds, and sets back what was there before both', async () => {
  using instance = await Instance.open();
  const connection = await instance.connect();
  const first = await holdCheckpoints(connection);
  const beginning = holdCheckpoints(connection);
  await letGo(first);
  const second = await beginning;
  expect(await isHeld(connection)).toBe(true);
  await letGo(second);
  expect(await threshold(connection)).toBe('16.0 MiB');
});

test('a database that is attached in between changes nothing', async () => {
  using folder = tempFolder();
  using instance = await Instance.open(join(folder.path, 'a.duckdb'));
  const connection = await instance.connect();
  const first = await holdCheckpoints(connection);
  await connection.run(`ATTACH '${join(folder.path, 'b.duckdb')}' AS b`);
  const beginning = holdCheckpoints(connection);
  await Promise.all([letGo(first), beginning.then(letGo)]);
  expect(await threshold(connection)).toBe('16.0 MiB');
});

test('what somebody sets meanwhile stays', async () => {
  using instance = await Instance.open();
  const connection = await instance.connect();
  const holding = await holdCheckpoints(connection);
  await connection.run("SET checkpoint_threshold = '1GiB'");
  await letGo(holding);
  expect(await threshold(connection)).toBe('1.0 GiB');
});

test('what one could not set back, its connection being closed, the next one does', async () => {
  using instance = await Instance.open();
  const connection = await instance.connect();
  const closed = await instance.connect();
  const holding = await holdCheckpoints(closed);
  closed.closeSync();
  await expect(letGo(holding)).rejects.toThrow();
  expect(await isHeld(connection)).toBe(true);
  await letGo(await holdCheckpoints(connection));
  expect(await threshold(connection)).toBe('16.0 MiB');
});

test('a threshold that no WAL reaches is left alone', async () => {
  using instance = await Instance.open();
  const connection = await instance.connect("SET checkpoint_threshold = 'none'");
  const holding = await holdCheckpoints(connection);
  expect(await threshold(connection)).toBe('16383.9 PiB');
  await letGo(holding);
  expect(await threshold(connection)).toBe('16383.9 PiB');
});
