import type { TargetFacts } from '../probes/target-facts.ts';
import { failed, ok, type Verdict } from '../check.ts';

/** Steps without which nothing works at all; the others are permissions that may be missing. */
const NEEDED = new Set(['write', 'read', 'read a range']);

export function judgeTargetReachable({ probe, content }: Pick<TargetFacts, 'probe' | 'content'>): Verdict {
  if (probe === undefined) {
    if (content !== undefined && 'error' in content)
      return failed(content.error.message, content.error.hint ?? 'check the options of the target');
    return ok('it can be read; it is append-only, so nothing was written to try it');
  }
  if ('error' in probe)
    return failed(probe.error.message, probe.error.hint ?? 'check the options of the target');
  const wrong = probe.steps.find(({ step, ok: well }) => !well && NEEDED.has(step));
  if (wrong === undefined)
    return ok(`${probe.displayName} can be written${content === undefined ? '' : ' and read'}`);
  return failed(
    `${probe.displayName}: ${wrong.step}: ${wrong.message ?? 'it failed'}`,
    'check the address, the credentials, the permissions and the free space of the target',
  );
}

/** Undefined where nothing was written, or could be: then nothing is known. */
export function judgeTargetPermissions({
  access,
  probe,
}: Pick<TargetFacts, 'access' | 'probe'>): Verdict | undefined {
  if (probe === undefined || access !== 'full' || 'error' in probe) return undefined;
  if (probe.steps.some(({ step, ok: well }) => step === 'write' && !well)) return undefined;
  const wrong = probe.steps.filter(({ step, ok: well }) => !well && !NEEDED.has(step));
  if (wrong.length === 0)
    return ok(
      probe.steps
        .map(({ step }) => step)
        .filter((step) => !NEEDED.has(step))
        .join(', '),
    );
  return failed(
    wrong.map(({ step, message }) => `${step}: ${message ?? 'it failed'}`).join('; '),
    'give these credentials the right to list and to delete: without it nothing can be found, or old backups stay for ever',
  );
}
