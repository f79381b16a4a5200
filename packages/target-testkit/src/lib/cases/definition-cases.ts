import { isTargetDefinition, type StorageTarget } from '@quackup/target-api';

import { pattern } from '../bodies.ts';
import { check, checkEqual, checkRejectsWith, ConformanceFailure } from '../check.ts';
import type { ConformanceCase, ConformanceContext } from '../conformance-case.ts';
import type { DefinitionSetup } from '../conformance-setup.ts';
import { checkStored, store } from '../reading.ts';

const BYTES = pattern(100, 1);

/** What a target package exports as `target`. */
export const definitionCases: readonly ConformanceCase[] = [
  {
    id: 'definition.shape',
    sentence:
      'TargetDefinition: apiVersion is that of the contract, type a name, secretOptions a list of names',
    requires: 'definition',
    safe: true,
    run: async (context) => {
      const { target } = definitionOf(context);
      check(isTargetDefinition(target), 'target: expected what defineTarget({...}) returns');
      checkEqual(target.apiVersion, 1, 'apiVersion');
      check(target.type !== '', 'type: expected a text that is not empty');
      const names = target.secretOptions.filter((name) => typeof name === 'string' && name !== '');
      checkEqual(names.length, target.secretOptions.length, 'names among the secretOptions');
      checkEqual(new Set(names).size, names.length, 'different names among the secretOptions');
    },
  },
  {
    id: 'definition.opens',
    sentence:
      'TargetDefinition.open: opens the target of that type, by options as the schema gives them back',
    requires: 'definition',
    safe: true,
    run: async (context) => {
      await using opened = await open(context);
      checkEqual(opened.type, definitionOf(context).target.type, 'type of the target that was opened');
      await store(opened, context.key('a'), BYTES);
      await checkStored(
        context.target,
        context.key('a'),
        BYTES,
        'object that it stored, from another connection',
      );
    },
  },
  {
    id: 'definition.unknown-keys',
    sentence: 'TargetDefinition.optionsSchema: must refuse unknown keys',
    requires: 'definition',
    safe: true,
    run: async (context) => {
      const { target, options } = definitionOf(context);
      const result = await target.optionsSchema['~standard'].validate({ ...options, quackupUnknownKey: 1 });
      check(result.issues !== undefined, 'expected an option that nobody knows to be refused');
      const nothing = await target.optionsSchema['~standard'].validate('no options at all');
      check(nothing.issues !== undefined, 'expected a text instead of options to be refused');
    },
  },
  {
    id: 'definition.abort',
    sentence: 'OpenContext.signal: an open that is aborted rejects with signal.reason itself',
    requires: 'definition',
    safe: true,
    run: async (context) => {
      const reason = { why: 'enough' };
      await checkRejectsWith(open(context, AbortSignal.abort(reason)), reason, 'open');
    },
  },
];

function definitionOf({ definition }: ConformanceContext): DefinitionSetup {
  if (definition === undefined) throw new ConformanceFailure('the setup has no definition');
  return definition;
}

async function open(context: ConformanceContext, signal?: AbortSignal): Promise<StorageTarget> {
  const { target, options, baseDir = process.cwd() } = definitionOf(context);
  const result = await target.optionsSchema['~standard'].validate(options);
  if (result.issues !== undefined) {
    const [issue] = result.issues;
    throw new ConformanceFailure(`the setup's options are refused by the schema: ${issue?.message}`);
  }
  return target.open(result.value, { baseDir, ...(signal === undefined ? {} : { signal }) });
}
