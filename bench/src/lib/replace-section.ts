/** Comments in a Markdown file between which a program writes. */
export interface Section {
  readonly begin: string;
  readonly end: string;
}

export const RESULTS: Section = {
  begin: '<!-- results: written by `npm run bench -- --write` -->',
  end: '<!-- end of results -->',
};
export const INCREMENTAL: Section = {
  begin: '<!-- incremental: written by `npm run bench:incremental -- --write` -->',
  end: '<!-- end of incremental -->',
};
export const SIMULATION: Section = {
  begin: '<!-- simulation: written by `npm run bench:simulate -- --write` -->',
  end: '<!-- end of simulation -->',
};
export const OFFSITE: Section = {
  begin: '<!-- offsite: written by `npm run bench:offsite -- --write` -->',
  end: '<!-- end of offsite -->',
};
export const GROWTH: Section = {
  begin: '<!-- growth: written by `npm run bench:growth -- --write` -->',
  end: '<!-- end of growth -->',
};

/**
 * The text with other lines between the markers.
 *
 * @throws Error if the text does not hold each marker once, in order.
 */
export function replaceSection(
  text: string,
  lines: readonly string[],
  { begin, end }: Section = RESULTS,
): string {
  const [before, rest, ...more] = text.split(begin);
  const [, after, ...evenMore] = (rest ?? '').split(end);
  if (after === undefined || more.length > 0 || evenMore.length > 0) {
    throw new Error(`there is no place for the results: it begins with ${begin} and ends with ${end}`);
  }
  return `${before}${begin}\n\n${lines.join('\n').trim()}\n\n${end}${after}`;
}
