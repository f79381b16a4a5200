/**
 * `backup_X.damaged.json`: what the last verification that found damage in a backup says, so that those who come after it know:
 * the next backup builds on none of the archives, `cleanup` counts the backup for nothing, and `list` shows it.
 */
import { z } from 'zod';

import type { VerifyLevel, VerifyProblem } from '../api.ts';
import { roleOfKey } from './backup-name.ts';
import { listOf } from './schema.ts';

export const MAX_DAMAGE_RECORD_BYTES = 1_048_576;

export const VERIFY_LEVELS = ['archive', 'blocks', 'scan'] as const satisfies readonly VerifyLevel[];

const schema = z.object({
  backup: z.string(),
  at: z.iso.datetime(),
  level: z.enum(VERIFY_LEVELS),
  archives: listOf(z.string()),
  message: z.string().exactOptional(),
});

export interface DamageRecord {
  readonly backup: string;
  /** When it was found; undefined if the record cannot be read. */
  readonly at: Date | undefined;
  /** The level that found it: a pass at a lower one does not refute it. */
  readonly level: VerifyLevel;
  /** Archives that it was found in: the backup's own, or earlier ones that it refers to. */
  readonly archives: readonly string[];
  /** The first problem. Not there for an encrypted backup, since it may name a database. */
  readonly message: string | undefined;
}

/** Problems that say that what is stored is not what was written, and not merely that something could not be verified. */
export function damageIn(problems: readonly VerifyProblem[]): readonly VerifyProblem[] {
  return problems.filter(({ code }) => code === 'BACKUP_DAMAGED' || code === 'ARCHIVE_HOSTILE');
}

/** The record's text. */
export function writeDamageRecord(
  backup: string,
  {
    at,
    level,
    damage,
    isSecret,
  }: {
    readonly at: Date;
    readonly level: VerifyLevel;
    readonly damage: readonly VerifyProblem[];
    /** Whether what was found is nobody's business but that of who has a key. */
    readonly isSecret: boolean;
  },
): string {
  const objects = new Set(damage.map(({ object }) => object));
  const record = {
    backup,
    at: at.toISOString(),
    level,
    archives: [...objects].filter((object) => roleOfKey(object).role === 'archive'),
    ...(!isSecret && damage[0] !== undefined && { message: damage[0].message }),
  };
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** Reads a record. One that is damaged itself still says that something was found: nothing lifts it but a verification. */
export function parseDamageRecord(backup: string, text: string): DamageRecord {
  try {
    const { at, message, ...rest } = schema.parse(JSON.parse(text));
    return { ...rest, backup, at: new Date(at), message };
  } catch {
    return { backup, at: undefined, level: 'archive', archives: [], message: undefined };
  }
}
