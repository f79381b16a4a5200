// No name is the beginning of another followed by `/`: a folder could not hold both.
const NAMES = ['a', 'a-b', 'b.c', 'd/e', 'd/f', 'd/g/h', 'd0', 'dd/e'] as const;
const TEXTS = ['', 'a', 'a-', 'b', 'd', 'd/', 'd/e', 'd/g', 'd0', 'z'] as const;

/** What a put has for a body. */
export interface Content {
  readonly seed: number;
  readonly size: number;
  readonly chunkSize: number;
}

/** One operation of a sequence, on one of two connections. */
export type Step = { readonly connection: 0 | 1 } & (
  | { readonly type: 'put'; readonly name: string; readonly content: Content; readonly declared: boolean }
  | { readonly type: 'put if-absent'; readonly name: string; readonly content: Content }
  | {
      readonly type: 'put if-match';
      readonly name: string;
      readonly content: Content;
      readonly stale: boolean;
    }
  | { readonly type: 'put that fails'; readonly name: string; readonly how: 'body' | 'size' | 'abort' }
  | { readonly type: 'get'; readonly name: string; readonly start: number; readonly end: number | undefined }
  | { readonly type: 'stat'; readonly name: string }
  | { readonly type: 'list'; readonly prefix: string; readonly startAfter: string }
  | { readonly type: 'delete'; readonly name: string }
  | { readonly type: 'deleteMany'; readonly names: readonly string[] }
);

/** The kinds of steps that a target has. */
export type StepType = Step['type'];

/** A sequence that only depends on `random`, which gives numbers from 0 to 1. */
export function randomSteps(
  random: () => number,
  types: readonly StepType[],
  count: number,
): readonly Step[] {
  return Array.from({ length: count }, () => randomStep(random, types));
}

function randomStep(random: () => number, types: readonly StepType[]): Step {
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(items: readonly [T, ...T[]]): T => items[upTo(items.length)] ?? items[0];
  const content = (): Content => ({ seed: upTo(1e6), size: upTo(3000), chunkSize: 1 + upTo(1000) });
  const connection = random() < 0.5 ? 0 : 1;
  const name = pick(NAMES);
  switch (types[upTo(types.length)]) {
    case 'put if-absent':
      return { connection, type: 'put if-absent', name, content: content() };
    case 'put if-match':
      return { connection, type: 'put if-match', name, content: content(), stale: random() < 0.3 };
    case 'put that fails':
      return { connection, type: 'put that fails', name, how: pick(['body', 'size', 'abort']) };
    case 'get': {
      const start = upTo(1500);
      return { connection, type: 'get', name, start, end: random() < 0.3 ? undefined : start + upTo(1000) };
    }
    case 'stat':
      return { connection, type: 'stat', name };
    case 'list':
      return { connection, type: 'list', prefix: pick(TEXTS), startAfter: pick(TEXTS) };
    case 'delete':
      return { connection, type: 'delete', name };
    case 'deleteMany':
      return { connection, type: 'deleteMany', names: [...new Set([name, pick(NAMES), pick(NAMES)])] };
    default:
      return { connection, type: 'put', name, content: content(), declared: random() < 0.5 };
  }
}

/** A step in a line: `connection 2: put d/e, 120 bytes`. */
export function describeStep(step: Step): string {
  return `connection ${step.connection + 1}: ${what(step)}`;
}

function what(step: Step): string {
  switch (step.type) {
    case 'put':
      return `put ${step.name}, ${step.content.size} bytes${step.declared ? ', declared' : ''}`;
    case 'put if-absent':
      return `put ${step.name} if absent, ${step.content.size} bytes`;
    case 'put if-match':
      return `put ${step.name} if it has the ${step.stale ? 'last but one' : 'last'} etag, ${step.content.size} bytes`;
    case 'put that fails':
      return `put ${step.name}, which fails (${step.how})`;
    case 'get':
      return `get ${step.name}, ${step.start} to ${step.end ?? 'the end'}`;
    case 'list':
      return `list "${step.prefix}" after "${step.startAfter}"`;
    case 'deleteMany':
      return `deleteMany ${step.names.join(', ')}`;
    default:
      return `${step.type} ${step.name}`;
  }
}
