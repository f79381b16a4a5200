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

async function run(connection: string, sql: string): Promise<unknown[][]> {
  const opened = connections.get(connection) ?? instance.connect();
  connections.set(connection, opened);
  return (await (await opened).runAndReadAll(sql)).getRows();
}

async function answer(line: string): Promise<void> {
  const { id, connection, sql } = actorRequest.parse(JSON.parse(line));
  let said: ActorAnswer;
  try {
    const rows = await run(connection, sql);
    said = { id, rows: rows.map((row) => row.map(String)) };
  } catch (error) {
    said = { id, error: (error as Error).message.split('\n')[0] ?? '' };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) void answer(line);
process.exit(0);
