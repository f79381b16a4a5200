import type { ConfigProblem, YamlSource } from './yaml-source.ts';

/**
 * Refuses alarms beside encryption: what a scan counted lies beside the archive, and is left out there if the backup is encrypted, so
 * that there would be nothing to compare with.
 */
export function checkAlarms(value: unknown, source: YamlSource): ConfigProblem[] {
  if (typeof value !== 'object' || value === null || !('alarms' in value) || !('encryption' in value))
    return [];
  return [
    {
      text: '"alarms" cannot be used with "encryption": encrypted backups keep no row counts',
      offset: source.offsetOf(['alarms'], 'key'),
    },
  ];
}
