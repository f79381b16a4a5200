/**
 * Opens a database and runs what it is told, each connection on its own:
 *
 *     node actor.ts <engine's entry> <path> [<block size>]
 *
 *     in    a line of JSON: ActorRequest
 *     out   a line of JSON for each, when it has returned: ActorAnswer
 */
import { createInterface } from 'node:readline';

import { type ActorAnswer, actorRequest } from '../lib/staged/actor-protocol.ts';
import { type Connection, loadEngine } from './database.ts';

const [engine = '', path = '', blockSize] = process.argv.slice(2);
const instance = await loadEngine(engine).create(
  path,
  blockSize === undefined ? {} : { default_block_size: blockSize },
);
const connections = new Map<string, Promise<Connection>>();
/** Of each connection the result whose rows wait. */
const waiting = new Map<string, Awaited<ReturnType<Connection['stream']>>>();

async function run(name: string, sql: string, rowsWait: boolean): Promise<unknown[][]> {
  const opening = connections.get(name) ?? instance.connect();
  connections.set(name, opening);
  const connection = await opening;
  const before = waiting.get(name);
  waiting.delete(name);
  while (((await before?.fetchChunk())?.rowCount ?? 0) > 0);
  if (!rowsWait) return (await connection.runAndReadAll(sql)).getRows();
  const result = await connection.stream(sql);
  await result.fetchChunk();
  waiting.set(name, result);
  return [];
}

async function answer(line: string): Promise<void> {
  const { id, connection, sql, rowsWait } = actorRequest.parse(JSON.parse(line));
  let said: ActorAnswer;
  try {
    const rows = await run(connection, sql, rowsWait);
    said = { id, rows: rows.map((row) => row.map(String)) };
  } catch (error) {
    said = { id, error: (error as Error).message.split('\n')[0] ?? '' };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) void answer(line);
process.exit(0);
