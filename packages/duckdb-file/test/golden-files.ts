import { readdirSync, readFileSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';

import type { Facts, Scenario } from '../golden/scenario.ts';

/** A database that a real engine wrote, and what that engine said of it. */
export interface Golden {
  readonly name: string;
  readonly scenario: Omit<Scenario, 'file'>;
  readonly facts: Facts;
  readonly database: Uint8Array;
  readonly wal: Uint8Array | undefined;
}

const FOLDER = new URL('../golden/files/', import.meta.url);
const names = readdirSync(FOLDER);

function unpack(name: string): Uint8Array {
  return new Uint8Array(zstdDecompressSync(readFileSync(new URL(name, FOLDER))));
}

function load(name: string): Golden {
  const { scenario, facts }: Pick<Golden, 'scenario' | 'facts'> = JSON.parse(
    readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'),
  );
  const wal = names.includes(`${name}.wal.zst`) ? unpack(`${name}.wal.zst`) : undefined;
  return { name, scenario, facts, database: unpack(`${name}.duckdb.zst`), wal };
}

export const GOLDENS: readonly Golden[] = names
  .filter((name) => name.endsWith('.json'))
  .map((name) => load(name.slice(0, -'.json'.length)));

export const CLEAR_GOLDENS: readonly Golden[] = GOLDENS.filter(
  ({ scenario }) => scenario.kind !== 'encrypted',
);

/** Those with a WAL that can be read. */
export const WAL_GOLDENS: readonly (Golden & { readonly wal: Uint8Array })[] = CLEAR_GOLDENS.flatMap(
  (golden) => (golden.wal === undefined ? [] : [{ ...golden, wal: golden.wal }]),
);

export function goldenNamed(name: string): Golden {
  const golden = GOLDENS.find((candidate) => candidate.name === name);
  if (golden === undefined) throw new Error(`there is no golden file ${name}`);
  return golden;
}
