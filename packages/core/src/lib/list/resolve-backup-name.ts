import type { BackupSummary, Clock, NamedTarget } from '../api.ts';
import { systemClock } from '../clock.ts';
import { QuackupError } from '../errors.ts';
import { TargetClient } from '../target/target-client.ts';
import { readBackups, readContent } from './list-backups.ts';

/** Clocks of two machines may differ by so much without a backup being one of the future. */
const SLACK_MS = 3600_000;

export interface ResolveOptions {
  readonly signal?: AbortSignal;
  /** `latest` is to hold this database. Of an encrypted backup, whose databases only a key names, it is supposed. */
  readonly database?: string | undefined;
  /** `latest` may be damaged: for who wants to know. */
  readonly evenDamaged?: boolean;
  /** Told, in a sentence, if backups newer than `latest` are passed over. */
  readonly onPassedOver?: (text: string) => void;
  readonly clock?: Clock;
}

/**
 * The name of a backup: `latest` is the newest whose manifest is whole, whose archives are there, and in which no verification
 * found damage. One that is dated in the future is taken only if there is no other.
 *
 * @throws BACKUP_NOT_FOUND if there is none, or none that is whole.
 */
export async function resolveBackupName(
  target: NamedTarget,
  nameOrLatest: string,
  options: ResolveOptions = {},
): Promise<string> {
  const name = nameOrLatest.replace(/\.(?:(?:tar\.zst|tar\.gz|tar)(?:\.age)?|json)$/, '');
  if (name !== 'latest') return name;
  const client = new TargetClient(target, { signal: options.signal });
  const backups = (await readBackups(client, await readContent(client))).map(({ summary }) => summary);
  const reasons = new Map(backups.map((backup) => [backup, whyNot(backup, options)]));
  const usable = backups.filter(({ damaged }) => options.evenDamaged === true || damaged === undefined);
  const latest = usable.find((backup) => reasons.get(backup) === undefined) ?? usable[0];
  if (latest === undefined) {
    throw noneUsable(target, backups[0]);
  }
  const passed = backups.slice(0, backups.indexOf(latest));
  const [first] = passed;
  if (first !== undefined) {
    const more = passed.length > 1 ? `, and ${passed.length - 1} more` : '';
    options.onPassedOver?.(
      `latest is ${latest.name}: passed over ${first.name}, ${reasons.get(first) ?? 'which is damaged'}${more}`,
    );
  }
  return latest.name;
}

function noneUsable(
  { target: { displayName } }: NamedTarget,
  newest: BackupSummary | undefined,
): QuackupError {
  if (newest === undefined) {
    return new QuackupError('BACKUP_NOT_FOUND', `there is no backup on ${displayName}`, {
      hint: 'make one with quackup backup',
    });
  }
  return new QuackupError(
    'BACKUP_NOT_FOUND',
    `no backup on ${displayName} is whole; the newest, ${newest.name}, is damaged: ${newest.damaged?.message}`,
    {
      hint: `look on another target; quackup restore ${newest.name} --database NAME restores each database that is good in it`,
    },
  );
}

/** Why a backup is not the latest, as the end of a sentence; undefined if it may be. */
function whyNot(
  { createdAt, damaged, databases, encrypted }: BackupSummary,
  { database, evenDamaged, clock = systemClock }: ResolveOptions,
): string | undefined {
  if (damaged !== undefined && evenDamaged !== true) return `since ${damaged.message}`;
  if (Date.parse(createdAt) > clock.now().getTime() + SLACK_MS) return 'whose date lies in the future';
  if (database === undefined || databases.includes(database) || (encrypted && databases.length === 0))
    return undefined;
  return `which does not hold ${database}`;
}
