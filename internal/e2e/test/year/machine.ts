import { existsSync, readdirSync, rmSync, symlinkSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';

import type { DailyReport } from '@quackup/core';
import { buildDemoDatabases, runSql } from '@quackup/fixtures';
import { runCli } from 'quackup';

import { RETENTION } from './retention-promise.ts';

const WEATHER_TARGET = new URL('../targets/weather-target.ts', import.meta.url).pathname;

const TARGETS = ['local', 'offsite'] as const;
export type TargetName = (typeof TARGETS)[number];

export interface DailyAnswer {
  readonly status: number;
  readonly report: Partial<DailyReport> & { readonly outcome: string };
}

/** Rows and a sum of each database, as text: what a restored one must have. */
export type Content = string;

/** A machine with two databases of real flights, a configuration, and a clock that is set by hand. */
export class Machine {
  static readonly targets: readonly TargetName[] = TARGETS;
  readonly #folder: string;
  now: Date = new Date(0);

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(folder: string, listenerUrl: string): Promise<Machine> {
    const machine = new Machine(folder);
    await buildDemoDatabases(folder, { flights: 2000 });
    writeFileSync(
      join(folder, 'quackup.yaml'),
      `databases: [results.duckdb, audit_trail.duckdb]
targets:
  local: { type: local, path: local }
  offsite: { type: ${JSON.stringify(WEATHER_TARGET)}, path: offsite, limits: { attempts: 1 } }
backup: { tempDir: . }
retention: ${JSON.stringify(RETENTION)}
log: { file: q.log, format: json, maxMegabytes: 1, keep: 2 }
metrics: { file: q.prom }
notifications:
  somebody: { type: webhook, url: '${listenerUrl}/told' }
  monitor: { type: healthcheck, url: '${listenerUrl}/ping' }
`,
    );
    return machine;
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  async daily(...args: readonly string[]): Promise<DailyAnswer> {
    const { status, json } = await this.#quackup('daily', ...args);
    return { status, report: json as DailyAnswer['report'] };
  }

  /** Restores into a folder of its own, which is made anew. @returns whether it worked. */
  async restore(backup: string, target: TargetName): Promise<boolean> {
    const folder = this.path(`restored-${target}`);
    rmSync(folder, { recursive: true, force: true });
    const { status } = await this.#quackup('restore', backup, '--target', target, '--restore-dir', folder);
    return status === 0;
  }

  async #quackup(...args: readonly string[]): Promise<{ status: number; json: unknown }> {
    let text = '';
    const stdout = new Writable({
      write(piece: Buffer, _encoding, done) {
        text += piece.toString();
        done();
      },
    });
    const status = await runCli([...args, '--json'], {
      stdin: Readable.from([]),
      stdout,
      stderr: new Writable({ write: (_piece, _encoding, done) => done() }),
      env: { PATH: process.env['PATH'], HOME: this.#folder, XDG_STATE_HOME: this.path('state') },
      cwd: this.#folder,
      now: () => this.now,
      signal: new AbortController().signal,
    });
    return { status, json: JSON.parse(text) as unknown };
  }

  /**
   * A day's work: rows are added, changed and removed. Looks into what was restored as well, in the same process, since each takes a
   * moment to start.
   *
   * @returns contents: of `source`, and of `restored-X` where there is one.
   */
  async work(day: number): Promise<ReadonlyMap<string, Content>> {
    const places = ['.', ...TARGETS.map((target) => `restored-${target}`)].filter((place) =>
      existsSync(this.path(join(place, 'results.duckdb'))),
    );
    const attached = places.flatMap((place, index) =>
      ['results', 'audit_trail'].map(
        (name) => `ATTACH '${this.path(join(place, `${name}.duckdb`))}' AS ${name}_${index}`,
      ),
    );
    const changes = places.includes('.')
      ? [
          `INSERT INTO results_0.flights SELECT flight_id + 1000000 * ${day + 1}, departed_at + INTERVAL ${day} DAY, origin, destination, distance_miles, delay_minutes FROM results_0.flights WHERE flight_id BETWEEN ${day * 5} AND ${day * 5 + 40}`,
          `UPDATE results_0.flights SET delay_minutes = ${day % 60} WHERE flight_id % 97 = ${day % 97}`,
          `DELETE FROM results_0.flights WHERE flight_id = ${day + 1}`,
          `INSERT INTO audit_trail_0.events SELECT 10000000 + ${day}, TIMESTAMP '2026-01-01' + INTERVAL ${day} DAY, 1, 'departed', 'ABE', NULL`,
        ]
      : [];
    const selects = places.map(
      (place, index) =>
        `SELECT '${place === '.' ? 'source' : place}', (SELECT concat_ws(' ', count(*), sum(flight_id), sum(delay_minutes)) FROM results_${index}.flights)
         || ' ' || (SELECT concat_ws(' ', count(*), sum(event_id)) FROM audit_trail_${index}.events)`,
    );
    if (selects.length === 0) return new Map();
    const rows = await runSql(this.path('driver.duckdb'), [
      ...attached,
      ...changes,
      selects.join(' UNION ALL '),
    ]);
    // A file that has just been written is looked at for a second, to be sure that nobody is at it. These were written long ago.
    const hourAgo = new Date(Date.now() - 3_600_000);
    for (const name of ['results.duckdb', 'audit_trail.duckdb'])
      if (places.includes('.')) utimesSync(this.path(name), hourAgo, hourAgo);
    return new Map(rows.map(([place, content]) => [place ?? '', content ?? '']));
  }

  /** Names of the backups that a target lists, as its files say. */
  namesOn(target: TargetName): ReadonlySet<string> {
    const files = existsSync(this.path(target)) ? readdirSync(this.path(target)) : [];
    return new Set(files.flatMap((file) => /^(backup_[0-9_]+)\.json$/.exec(file)?.[1] ?? []));
  }

  setWeather(weather: string): void {
    if (weather === '') rmSync(this.path('offsite.weather'), { force: true });
    else writeFileSync(this.path('offsite.weather'), weather);
  }

  /** A database that cannot be opened: a link to itself, which stops root too. */
  setLocked(isLocked: boolean): void {
    const [path, away] = [this.path('results.duckdb'), this.path('results.away')];
    if (isLocked === existsSync(away)) return;
    if (isLocked) {
      renameSync(path, away);
      symlinkSync('results.duckdb', path);
    } else {
      rmSync(path);
      renameSync(away, path);
    }
  }
}
