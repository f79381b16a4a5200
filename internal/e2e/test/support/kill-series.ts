/**
 * Kills a command again and again, each time at another moment.
 *
 * The start of Node and the loading of modules take ten times as long as the work on a small database, and a kill there
 * tries nothing. So each run is a process that has its start-up behind it (`child/warm-cli.ts` calls `runCli`, the
 * function that is the command line), and the moments are counted from when the command begins: one in each of as many
 * equal parts of the time that an undisturbed run takes. The steps that matter most take a millisecond or two each, though; so
 * half of the kills come shortly after a sign of such a step: a file that appears in a folder that is watched.
 */
import { expect } from 'vitest';

import { seededRandom } from './random.ts';
import { type KillMoment, WarmCli } from './warm-cli.ts';

export interface KillSeries {
  readonly cwd: string;
  readonly args: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly kills: number;
  readonly seed: number;
  /** Steps that are short: each gets the same share of half of the kills, at up to `withinMs` after the sign. */
  readonly signs: readonly (NonNullable<KillMoment['sign']> & { readonly withinMs: number })[];
  /** Puts everything as it is before the command. */
  prepare(): Promise<void>;
  /** Looks at what a killed run has left, and runs the command again. @returns how far the run had come, in a word or two. */
  check(): Promise<string>;
}

/** @returns how many runs had come how far. */
export async function killSeries(series: KillSeries): Promise<ReadonlyMap<string, number>> {
  const { cwd, args, env, kills, seed, signs } = series;
  const random = seededRandom(seed);
  let next = new WarmCli(env);
  const take = (): WarmCli => {
    const taken = next;
    // Started while the one before it is at work or looked at.
    next = new WarmCli(env);
    return taken;
  };
  try {
    const durations: number[] = [];
    for (let run = 0; run < 3; run += 1) {
      await series.prepare();
      const { exitCode, durationMs, output } = await take().run(cwd, args);
      expect(exitCode, output).toBe(0);
      durations.push(durationMs);
    }
    const durationMs = durations.toSorted((a, b) => a - b)[1] ?? 0;
    const spread = Math.ceil(kills / 2);
    const found = new Map<string, number>();
    for (let kill = 0; kill < kills; kill += 1) {
      const bySign = signs[(kill - spread) % signs.length];
      const moment: KillMoment =
        kill < spread || bySign === undefined
          ? { afterMs: ((kill + random()) / spread) * durationMs }
          : { sign: bySign, afterMs: random() * bySign.withinMs };
      await killOnce(series, moment, take);
      const state = await series.check();
      found.set(state, (found.get(state) ?? 0) + 1);
    }
    return found;
  } finally {
    next.dispose();
  }
}

/** A run that was quicker than the moment chosen for it is no kill: it is tried again, each time somewhat earlier. */
async function killOnce(series: KillSeries, moment: KillMoment, take: () => WarmCli): Promise<void> {
  let { afterMs } = moment;
  for (let attempt = 1; attempt <= 12; attempt += 1) {
    await series.prepare();
    const { killed, exitCode, output } = await take().run(series.cwd, series.args, { ...moment, afterMs });
    if (killed) return;
    expect(exitCode, output).toBe(0);
    afterMs *= 0.8;
  }
  throw new Error('the command always ended before it could be killed');
}
