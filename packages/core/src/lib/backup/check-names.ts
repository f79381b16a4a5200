import type { DatabaseSource } from '../api.ts';
import { checkDatabaseName, checkEntryNames } from '../config/index.ts';
import { QuackupError } from '../errors.ts';

/**
 * Refuses names that an archive could not keep apart, or that a restore could not write.
 *
 * @throws NAME_CONFLICT if a name cannot be used, or stands in another's way.
 */
export function checkNames(databases: readonly DatabaseSource[]): void {
  for (const { name, path } of databases) {
    const wrong = checkDatabaseName(name);
    if (wrong !== undefined) {
      throw new QuackupError('NAME_CONFLICT', `the name ${JSON.stringify(name)} of ${path} ${wrong}`, {
        hint: 'give it another with name:',
      });
    }
  }
  const [conflict] = checkEntryNames(databases.map(({ name }) => name));
  if (conflict === undefined) return;
  throw new QuackupError(
    'NAME_CONFLICT',
    `${conflict.name} cannot be stored under its name: ${conflict.with ?? 'the archive itself'} has ${conflict.entry} already`,
    { hint: 'give one of the databases another name with name: in quackup.yaml' },
  );
}
