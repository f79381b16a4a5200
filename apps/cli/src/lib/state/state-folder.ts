import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder for what Quackup remembers of a configuration on this machine: locks and logs. One for each configuration file,
 * in the place that the system has for such things; nothing in it is needed to restore.
 *
 *     Linux     $XDG_STATE_HOME/quackup/<id>, or ~/.local/state/quackup/<id>
 *     macOS     ~/Library/Application Support/quackup/<id>
 *     Windows   %LOCALAPPDATA%\quackup\<id>
 *
 * @param configPath Absolute path of the configuration; the id is of its SHA-256.
 */
export function stateFolder(
  configPath: string,
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): string {
  const id = createHash('sha256').update(configPath).digest('hex').slice(0, 16);
  return join(stateHome(env, platform), 'quackup', id);
}

function stateHome(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const home = env['HOME'] || homedir();
  if (platform === 'win32') return env['LOCALAPPDATA'] || join(home, 'AppData', 'Local');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  return env['XDG_STATE_HOME'] || join(home, '.local', 'state');
}

/** As {@link stateFolder}; made if it is not there, for this user alone. */
export async function openStateFolder(configPath: string, env: NodeJS.ProcessEnv): Promise<string> {
  const path = stateFolder(configPath, env);
  await mkdir(path, { recursive: true, mode: 0o700 });
  return path;
}
