import type * as z from 'zod';

import { knownKeys } from './known-keys.ts';
import { didYouMean } from './suggest.ts';
import type { ConfigProblem, YamlSource } from './yaml-source.ts';

type Issue = z.core.$ZodIssue;

/** Keys that the documentation speaks of and that this version does not honour yet. */
const NOT_YET: Readonly<Record<string, string>> = {
  logFile: 'a log file is named by "log: { file: PATH }"',
};

/** Says what zod found in plain words and at the place of the node that is to blame. */
export function describeIssues(issues: readonly Issue[], source: YamlSource): ConfigProblem[] {
  return issues.flatMap((issue) => describeIssue(issue, source, []));
}

function describeIssue(issue: Issue, source: YamlSource, parent: readonly PropertyKey[]): ConfigProblem[] {
  const path = [...parent, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const keyPath = [...path, key];
        const reason = NOT_YET[dotted(keyPath)];
        return {
          text:
            reason === undefined
              ? `unknown key "${dotted(keyPath)}"${didYouMean(key, without(key, knownKeys(path)))}`
              : `"${dotted(keyPath)}": ${reason}`,
          offset: source.offsetOf(keyPath, 'key'),
        };
      });
    case 'invalid_key':
      return [
        {
          text: `"${dotted(path)}": ${issue.issues[0]?.message ?? ''}`,
          offset: source.offsetOf(path, 'key'),
        },
      ];
    case 'invalid_union': {
      // The branch that fits the kind of value is the one that was meant; its problems are the ones to tell.
      const meant = issue.errors.find((branch) =>
        branch.every((each) => each.path.length > 0 || each.code !== 'invalid_type'),
      );
      if (meant !== undefined) {
        return meant.flatMap((each) => describeIssue(each, source, path));
      }
      break;
    }
    default:
  }
  const where = path.length === 0 ? 'the configuration' : `"${dotted(path)}"`;
  return [{ text: `${where}${inPlainWords(issue)}`, offset: source.offsetOf(path) }];
}

function inPlainWords(issue: Issue): string {
  if (issue.code === 'invalid_union') {
    const kinds = expectedKinds(issue);
    if (kinds.length > 0) return `: expected ${kinds.join(' or ')}`;
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return ' is missing';
  const message = issue.message
    .replace(
      /^(?:Invalid input|Invalid option|Invalid discriminator value|Too small|Too big)[:.] (?:Expected)?/,
      (all) => (all.endsWith('Expected') ? 'expected' : ''),
    )
    .replace('expected record', 'expected object')
    .replace(/received null$/, 'but nothing is there');
  return `: ${message}`;
}

function expectedKinds(issue: Extract<Issue, { code: 'invalid_union' }>): string[] {
  return issue.errors.flatMap((branch) =>
    branch.flatMap((each) => (each.code === 'invalid_type' ? [each.expected] : [])),
  );
}

/** A key may be known beside it: \`level\` is, but not with the algorithm \`none\`. */
function without(key: string, keys: readonly string[]): string[] {
  return keys.filter((each) => each !== key);
}

/** `databases[0].path` */
export function dotted(path: readonly PropertyKey[]): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else text += text === '' ? String(segment) : `.${String(segment)}`;
  }
  return text;
}
