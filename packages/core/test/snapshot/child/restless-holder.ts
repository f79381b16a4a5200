/**
 * Holds a database, has a commit in its WAL, and moves the header on every few milliseconds, faster than any copy is made:
 *
 *     node restless-holder.ts <database>        says `open` when it has begun
 *
 * The headers are valid and mean what the one before meant, as after checkpoints that had nothing to do.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

import { DuckDBInstance } from '@duckdb/node-api';
import { duckdbChecksum, HEADER_SIZE } from '@quackup/duckdb-file';

const EVERY_MS = 4;
const [path = ''] = process.argv.slice(2);
// Open before DuckDB opens it, and to the end: closing it would drop DuckDB's lock.
const file = openSync(path, 'r+');
const instance = await DuckDBInstance.create(path);
const connection = await instance.connect();
await connection.run("SET wal_autocheckpoint = '1TB'");
await connection.run("INSERT INTO t VALUES (-1, 'only in the WAL')");

const iterationOf = (slot: Buffer): bigint => slot.readBigUInt64LE(8);

function moveOn(): void {
  const slots = [1, 2].map((place) => {
    const slot = Buffer.alloc(HEADER_SIZE);
    readSync(file, slot, 0, HEADER_SIZE, place * HEADER_SIZE);
    return slot;
  });
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = slots;
  const isFirstActive = iterationOf(first) > iterationOf(second);
  const next = Buffer.from(isFirstActive ? first : second);
  next.writeBigUInt64LE(iterationOf(next) + 1n, 8);
  next.writeBigUInt64LE(duckdbChecksum(next.subarray(8)), 0);
  writeSync(file, next, 0, HEADER_SIZE, (isFirstActive ? 2 : 1) * HEADER_SIZE);
}

setInterval(moveOn, EVERY_MS);
process.stdout.write('open\n');
process.once('exit', () => closeSync(file));
