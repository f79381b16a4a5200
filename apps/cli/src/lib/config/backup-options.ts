import { join } from 'node:path';

import { type BackupOptions, type Config, type Encryption, QuackupError } from '@quackup/core';

import { stateFolder } from '../state/state-folder.ts';

/** What the command line says of a backup; it goes before the configuration. */
export interface BackupOverrides {
  readonly waitMs?: number | undefined;
  readonly pauseWriterMs?: number | undefined;
  readonly full?: boolean;
  readonly sameMoment?: boolean;
}

/**
 * The options of a backup but for its databases and targets.
 *
 * @throws USAGE if a process is to be paused where none can be.
 */
export function backupOptions(
  { backup, path }: Config,
  env: NodeJS.ProcessEnv,
  encryption: Encryption | undefined,
  overrides: BackupOverrides = {},
): Omit<BackupOptions, 'databases' | 'targets'> {
  const { compression, tempDir, fullEveryMs } = backup;
  const waitMs = overrides.waitMs ?? backup.waitMs;
  const pauseWriterMs = overrides.pauseWriterMs ?? backup.pauseWriterMs;
  if (pauseWriterMs !== undefined && process.platform === 'win32') {
    throw new QuackupError('USAGE', 'a process cannot be paused on Windows', {
      hint: 'leave out --pause-writer and backup.pauseWriter',
    });
  }
  return {
    ...(compression && { compression }),
    full: overrides.full === true || backup.full === true,
    ...(fullEveryMs !== undefined && { fullEveryMs }),
    sameMoment: overrides.sameMoment === true || backup.sameMoment === true,
    ...(waitMs !== undefined && { waitMs }),
    ...(pauseWriterMs !== undefined && { pauseWriterMs }),
    ...(tempDir !== undefined && { tempDir }),
    ...(encryption && { encryption }),
    memoryDir: join(stateFolder(path, env), 'last-backups'),
    leaveCpu: true,
  };
}
