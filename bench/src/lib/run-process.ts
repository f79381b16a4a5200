import { spawn } from 'node:child_process';

/** What every process of a benchmark gets. */
export interface ProcessOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** A process that takes longer is killed, with all that it started. */
  readonly limitSeconds: number;
  readonly signal: AbortSignal;
  /** Called with the process's id once it runs. */
  readonly onStart?: (pid: number) => void;
}

export interface ProcessResult {
  readonly stdout: string;
  /** From just before the process is started until it has ended and closed its output. */
  readonly wallSeconds: number;
}

/** Enough of an output to say what went wrong. */
const KEPT_CHARACTERS = 16_384;

/**
 * Runs a program to its end, in a process group of its own so that nothing of it is left after a kill.
 *
 * @throws Error if it cannot be started, fails, or is killed for its time; with the end of what it wrote to stderr.
 * @throws the signal's reason if that is aborted; the process is dead by then.
 */
export async function runProcess(
  command: string,
  args: readonly string[],
  { cwd, env, limitSeconds, signal, onStart }: ProcessOptions,
): Promise<ProcessResult> {
  signal.throwIfAborted();
  const start = performance.now();
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece: Buffer) => (stdout = (stdout + piece).slice(-KEPT_CHARACTERS)));
  child.stderr.on('data', (piece: Buffer) => (stderr = (stderr + piece).slice(-KEPT_CHARACTERS)));
  const kill = (): void => killGroup(child.pid);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, limitSeconds * 1000);
  signal.addEventListener('abort', kill, { once: true });
  if (child.pid !== undefined) onStart?.(child.pid);
  try {
    const ending = await new Promise<string | undefined>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, killedBy) => {
        if (code === 0) resolve(undefined);
        else resolve(killedBy === null ? `exit code ${code}` : `killed by ${killedBy}`);
      });
    });
    const wallSeconds = (performance.now() - start) / 1000;
    signal.throwIfAborted();
    if (late) throw new Error(`${command} took more than ${limitSeconds} s and was killed`);
    if (ending !== undefined) {
      throw new Error(`${[command, ...args].join(' ')}: ${ending}\n${stderr.trim()}`.trim());
    }
    return { stdout, wallSeconds };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It has just ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
