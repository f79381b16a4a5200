/** How far a task has come. */
export interface TaskState {
  readonly label: string;
  readonly totalBytes: number;
  readonly doneBytes: number;
  /** Milliseconds since it began. */
  readonly elapsedMs: number;
}

/** Bytes per second so far; 0 as long as nothing can be said. */
export function rateOf({ doneBytes, elapsedMs }: TaskState): number {
  return elapsedMs > 0 ? (doneBytes / elapsedMs) * 1000 : 0;
}

/** Milliseconds that are left at the rate so far; undefined as long as nothing can be said. */
export function remainingMsOf(task: TaskState): number | undefined {
  const rate = rateOf(task);
  if (rate === 0) return undefined;
  return (Math.max(0, task.totalBytes - task.doneBytes) / rate) * 1000;
}
