import {
  listBackups,
  type NamedTarget,
  resolveBackupName,
  verifyBackup,
  type VerifyLevel,
  type VerifyReport,
  QuackupError,
} from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { openChosenTarget } from '../config/choose-target.ts';
import { findConfig } from '../config/find-config.ts';
import { openKeys } from '../config/keys.ts';
import { startProgress } from '../progress/progress.ts';
import { renderVerify } from '../render/verify.ts';
import { isUnreadable, verifyExitCode } from '../verify-state.ts';

export interface VerifyInput {
  readonly backup: string | undefined;
  readonly all: boolean;
  readonly level: VerifyLevel;
  readonly target?: string;
}

export async function verify(context: CommandContext, input: VerifyInput): Promise<number> {
  const { signal } = context.io;
  if (input.all && input.backup !== undefined) {
    throw new QuackupError('USAGE', '--all and the name of a backup exclude each other', {
      hint: 'leave one of them out',
    });
  }
  const config = await findConfig(context);
  const { source, optional } = openKeys(context, config);
  // Level archive goes without a key, and does more with one.
  const keys = input.level === 'archive' ? optional : source;
  const named = await openChosenTarget(input.target, config, context);
  await using _closed = named.target;
  const names = await wantedNames(named, input, signal);
  using progress = await startProgress(context);
  const tempDir = config.backup.tempDir;
  const results: VerifyReport[] = [];
  const proven = new Set<string>();
  for (const name of names) {
    const options = {
      level: input.level,
      signal,
      proven,
      onProgress: progress.onProgress,
      ...(keys && { keys }),
      ...(tempDir !== undefined && { tempDir }),
    };
    // One that this version cannot read must not hide what is known of the others.
    const result = verifyBackup(named, name, options).catch((error: unknown) => {
      if (!input.all || !(error instanceof QuackupError) || !isUnreadable(error.code)) throw error;
      const { code, message } = error;
      return {
        backup: name,
        ok: false,
        level: input.level,
        problems: [{ code, object: name, message }],
        notes: [],
        durationMs: 0,
      } satisfies VerifyReport;
    });
    results.push(await result);
  }
  progress[Symbol.dispose]();
  const well = results.every(({ ok }) => ok);
  context.report({ results }, renderVerify(results, context.colors), well);
  return verifyExitCode(results);
}

async function wantedNames(
  named: NamedTarget,
  { all, backup }: VerifyInput,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (all) {
    const names = (await listBackups(named, { signal })).map(({ name }) => name);
    if (names.length > 0) return names;
    // A disk that is not mounted looks like this, and that nothing is damaged there is no good news.
    throw new QuackupError('BACKUP_NOT_FOUND', `there is no backup on ${named.target.displayName}`, {
      hint: 'check that this is the place, and that its disk is mounted; make a backup with quackup backup',
    });
  }
  return [await resolveBackupName(named, backup ?? 'latest', { signal, evenDamaged: true })];
}
