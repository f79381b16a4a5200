/**
 * Takes a snapshot in a process of its own, so that the one that asks may have the database open: closing any descriptor
 * of a file drops all POSIX locks that a process has on it. One line of JSON in, one line out.
 */
import { text } from 'node:stream/consumers';

import { z } from 'zod';

import { failureReport } from '../failure-report.ts';
import { leaveCpu } from '../process/leave-cpu.ts';
import { ScratchFolder } from '../process/scratch-folder.ts';
import { openSnapshot } from './open-snapshot.ts';
import { SnapshotMoved } from './snapshot.ts';
import { writeSnapshot } from './write-snapshot.ts';

const requestSchema = z.strictObject({
  path: z.string(),
  to: z.string(),
  waitMs: z.number(),
  tempDir: z.string(),
  pauseWriterMs: z.number().exactOptional(),
});

/** Copying is the work of one thread: all that this process does can be done at one place, to the end. */
async function onInUse(): Promise<void> {
  await leaveCpu(1);
}

async function takeSnapshot(request: z.infer<typeof requestSchema>): Promise<unknown> {
  const { path, to, tempDir, ...limits } = request;
  await using scratch = await ScratchFolder.create(tempDir);
  for (let freeze = false; ; freeze = true) {
    await using snapshot = await openSnapshot(
      { name: path, path },
      { scratch, freeze, isKept: true, ...limits, onInUse },
    );
    try {
      await writeSnapshot(snapshot, to);
    } catch (error) {
      if (error instanceof SnapshotMoved && !freeze) continue;
      throw error;
    }
    const { method, takenAt, files, facts, passes, bytesRead } = snapshot;
    return {
      method,
      takenAt: takenAt.toISOString(),
      files: files.map(({ role, sizeBytes }) => ({ role, sizeBytes })),
      warnings: facts.warnings ?? [],
      passes: passes ?? 1,
      ...(bytesRead !== undefined && { bytesRead }),
    };
  }
}

try {
  const result = await takeSnapshot(requestSchema.parse(JSON.parse(await text(process.stdin))));
  process.stdout.write(`${JSON.stringify({ result })}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: failureReport(error) })}\n`);
}
