import type { Stage } from './measure.ts';
import { type ProcessOptions, runProcess } from './run-process.ts';
import type { Tool } from './tools.ts';

/** The tools that are there, with their versions, and the others, each with the reason. */
export interface FoundTools<AnyTool> {
  readonly found: readonly AnyTool[];
  readonly versions: Readonly<Record<string, string>>;
  readonly missing: readonly { readonly title: string; readonly reason: string }[];
}

/** Asks each tool for its version. */
export async function findTools<AnyTool extends Pick<Tool, 'title' | 'versions'>>(
  tools: readonly AnyTool[],
  options: ProcessOptions,
): Promise<FoundTools<AnyTool>> {
  const found: AnyTool[] = [];
  const versions: Record<string, string> = {};
  const missing: { title: string; reason: string }[] = [];
  for (const tool of tools) {
    try {
      const lines: string[] = [];
      for (const stage of tool.versions) lines.push(await firstLine(stage, options));
      versions[tool.title] = lines.join('; ');
      found.push(tool);
    } catch (error) {
      options.signal.throwIfAborted();
      missing.push({ title: tool.title, reason: (error as Error).message.split('\n')[0] ?? '' });
    }
  }
  return { found, versions, missing };
}

/** Path of the Python interpreter behind `python3`, which may be a script that looks for one and takes time for it. */
export async function findPython(options: ProcessOptions): Promise<string | undefined> {
  try {
    return await firstLine(['python3', '-c', 'import sys; print(sys.executable)'], options);
  } catch {
    options.signal.throwIfAborted();
    return undefined;
  }
}

/** @throws Error if there is no GNU time. */
export async function findGnuTime(options: ProcessOptions): Promise<string> {
  for (const program of ['/usr/bin/time', 'gtime']) {
    try {
      if ((await firstLine([program, '--version'], options)).includes('GNU')) return program;
    } catch {
      options.signal.throwIfAborted();
    }
  }
  throw new Error('the benchmark measures by GNU time, which is not here\ntry: apt-get install time');
}

async function firstLine([command, ...args]: Stage, options: ProcessOptions): Promise<string> {
  const { stdout } = await runProcess(command, args, options);
  // zstd puts stars around its own.
  return (stdout.trim().split('\n')[0] ?? '').replaceAll(/^\*+ | \*+$/g, '');
}
