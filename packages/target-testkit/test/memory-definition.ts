import { defineTarget, type TargetDefinition } from '@quackup/target-api';

import { type ConformanceSetup, type MemoryStore, MemoryTarget } from '../src/index.ts';

/** A secret that the setup knows. */
export const PASSWORD = 'hunter2';

/** A definition whose targets keep their objects in `store`. */
export function memoryDefinition(store: MemoryStore): TargetDefinition {
  return defineTarget<unknown>({
    type: 'memory',
    optionsSchema: { '~standard': { version: 1, vendor: 'test', validate } },
    secretOptions: ['password'],
    open: async (_options, { signal }) => {
      signal?.throwIfAborted();
      return new MemoryTarget({ store });
    },
  });
}

/** Everything that a setup may have besides `open`. */
export function wholeSetup(
  store: MemoryStore,
  definition: TargetDefinition = memoryDefinition(store),
): Pick<ConformanceSetup, 'definition' | 'foreign'> {
  return {
    definition: () => ({ target: definition, options: { password: PASSWORD } }),
    foreign: {
      store: async (name) => store.set(name, new Uint8Array(3)),
      remove: async (name) => void store.remove(name),
    },
  };
}

function validate(value: unknown): { readonly value: unknown } | { readonly issues: { message: string }[] } {
  if (typeof value !== 'object' || value === null) return { issues: [{ message: 'expected an object' }] };
  const unknown = Object.keys(value).filter((key) => key !== 'password');
  return unknown.length === 0 ? { value } : { issues: [{ message: `unknown: ${unknown.join(', ')}` }] };
}
