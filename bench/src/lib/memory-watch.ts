import { readdirSync, readFileSync } from 'node:fs';

const SAMPLE_MS = 50;

/**
 * Looks every 50 ms at the resident memory of a process and all that descend from it, added up. Short peaks go unseen,
 * and pages that processes share count for each of them. Linux only: elsewhere it sees nothing.
 */
export class MemoryWatch implements Disposable {
  #timer: NodeJS.Timeout | undefined;
  #peakBytes = 0;

  start(pid: number): void {
    this.#timer = setInterval(() => {
      this.#peakBytes = Math.max(this.#peakBytes, residentBytes(pid));
    }, SAMPLE_MS);
  }

  /** The largest sum that was seen. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Resident memory of a process and its descendants now, in bytes; 0 if it has ended. */
function residentBytes(pid: number): number {
  const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return childrenOf(pid).reduce((sum, child) => sum + residentBytes(child), Number(kibibytes) * 1024);
}

function childrenOf(pid: number): number[] {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    // It has just ended.
    return [];
  }
  return threads
    .flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(' '))
    .filter((word) => word !== '')
    .map(Number);
}

/** Text of a file of `/proc`, empty if its process has just ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
