import { setTimeout as sleep } from 'node:timers/promises';

import { DatabaseReader } from '@quackup/core/internal';

import type { Actor } from './actor.ts';
import type { Gates } from './gates.ts';
import { Reading } from './reading.ts';
import type { Commits } from './tables.ts';

/** How long a window stays open for a copy that must not be accepted in it. What is right does not depend on it. */
const WINDOW_MS = 100;

export interface StageOptions {
  readonly path: string;
  /** For what the copy needs. */
  readonly folder: string;
  readonly to: string;
  readonly waitMs: number;
  readonly without: readonly string[];
  /** The rule that the story needs is dropped. */
  readonly isUnguarded: boolean;
}

/** What a story plays with: a database that a process has open, gates in that process's way, and one copy. */
export class Stage {
  readonly path: string;
  readonly gates: Gates;
  readonly #actor: Actor;
  readonly #options: StageOptions;
  #reading: Reading | undefined;
  #before: readonly number[] = [];
  readonly #committed: number[] = [];
  readonly #failed: number[] = [];

  constructor(actor: Actor, gates: Gates, options: StageOptions) {
    this.path = options.path;
    this.gates = gates;
    this.#actor = actor;
    this.#options = options;
  }

  /** Runs statements one after another; a connection is made when it is named first. */
  async sql(connection: string, ...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.#actor.sql(connection, statement);
  }

  /** Begins a query that holds what it reads until the next statement on its connection. */
  async beginQuery(connection: string, sql: string): Promise<void> {
    await this.#actor.sql(connection, sql, true);
  }

  /** The first value of the first row. */
  async value(sql: string): Promise<string> {
    return (await this.#actor.sql('a', sql))[0]?.[0] ?? '';
  }

  /** Commits number `n`; it is noted whether it did. */
  async commit(n: number): Promise<void> {
    try {
      await this.#actor.sql('a', `INSERT INTO c VALUES (${n})`);
      this.#committed.push(n);
    } catch (error) {
      this.#failed.push(n);
      throw error;
    }
  }

  /** Blocks that a first pass copies: those that the active header has in use. */
  async usedBlocks(): Promise<number> {
    const reader = await DatabaseReader.open(this.path);
    try {
      const { blocks } = await reader.readHeadAndBlocks();
      return blocks.use?.usedCount ?? blocks.count;
    } finally {
      await reader.close();
    }
  }

  /** Begins the copy. @param holdAfter Blocks after which it stands still. */
  copy(holdAfter?: number): Reading {
    const { path, to, folder, waitMs, without } = this.#options;
    this.#before = [...this.#committed];
    this.#reading = new Reading({ path, to, folder, waitMs, without, holdAfter });
    return this.#reading;
  }

  /**
   * The copy has a window of the writer to itself: if the rule is dropped that keeps it from being accepted there, until it
   * has ended.
   */
  async letIn(reading: Reading): Promise<void> {
    if (this.#options.isUnguarded) await reading.ended;
    else await Promise.race([reading.ended, sleep(WINDOW_MS)]);
  }

  get reading(): Reading | undefined {
    return this.#reading;
  }

  get commits(): Commits {
    return { before: this.#before, failed: this.#failed };
  }
}
