import { createHash } from 'node:crypto';
import { basename } from 'node:path';

/**
 * The name of a configuration's job: the folder that it is in, so that people recognise it, and a hash of its path, so that every
 * configuration has one of its own.
 *
 * @param path Absolute path of the configuration.
 */
export function jobName(path: string, baseDir: string): string {
  const id = createHash('sha256').update(path).digest('hex').slice(0, 8);
  const folder = basename(baseDir)
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 24);
  return folder === '' ? id : `${folder}-${id}`;
}
