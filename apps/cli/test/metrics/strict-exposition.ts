/**
 * A strict reader of Prometheus' text format 0.0.4: what the format allows and exporters should not do (a family without HELP or
 * TYPE, families in pieces, the same series twice, a counter that does not end in _total) is refused as well.
 */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`;
const HELP = new RegExp(String.raw`^# HELP (${NAME}) ((?:[^\\\n]|\\[\\n])+)$`, 'u');
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge)$`, 'u');
const SAMPLE = new RegExp(
  String.raw`^(${NAME})(?:\{(${LABEL}(?:,${LABEL})*)\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$`,
  'u',
);

export function parseExposition(text: string): Series[] {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const found: Series[] = [];
  const families = new Set<string>();
  const seen = new Set<string>();
  let helped = '';
  let family: { name: string; type: string; samples: number } | undefined;
  for (const [index, line] of text.slice(0, -1).split('\n').entries()) {
    const refuse = (why: string): never => {
      throw new Error(`line ${index + 1}: ${why}: ${line}`);
    };
    const help = HELP.exec(line);
    const type = TYPE.exec(line);
    if (help !== null) {
      if (family?.samples === 0) refuse('a family without samples comes before');
      helped = help[1] ?? '';
    } else if (type !== null) {
      const [, name = '', kind = ''] = type;
      if (name !== helped) refuse('TYPE without HELP');
      if (families.has(name)) refuse('a family twice');
      if ((kind === 'counter') !== name.endsWith('_total')) refuse('a name that does not fit its type');
      families.add(name);
      family = { name, type: kind, samples: 0 };
    } else {
      const [, name = '', labelText = '', value = ''] = SAMPLE.exec(line) ?? refuse('no sample');
      if (family === undefined || name !== family.name) return refuse('a sample outside its family');
      const labels: Record<string, string> = {};
      for (const [, label = '', escaped = ''] of labelText.matchAll(
        /([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/gu,
      )) {
        if (label in labels) refuse('a label twice');
        labels[label] = escaped.replaceAll(/\\(.)/gu, (_all, char: string) => (char === 'n' ? '\n' : char));
      }
      const key = JSON.stringify([
        name,
        Object.entries(labels)
          .map(([label, text]) => `${label}=${text}`)
          .toSorted(),
      ]);
      if (seen.has(key)) refuse('a series twice');
      seen.add(key);
      family.samples += 1;
      found.push({ name, labels, value: Number(value.replace('Inf', 'Infinity')) });
    }
  }
  if (family?.samples === 0) throw new Error('the last family has no samples');
  return found;
}
