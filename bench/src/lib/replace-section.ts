/** Comments in a Markdown file between which a program writes. */
const BEGIN = '<!-- results: written by `npm run bench -- --write` -->';
const END = '<!-- end of results -->';

/**
 * The text with other lines between the markers.
 *
 * @throws Error if the text does not hold each marker once, in order.
 */
export function replaceSection(text: string, lines: readonly string[]): string {
  const [before, rest, ...more] = text.split(BEGIN);
  const [, after, ...evenMore] = (rest ?? '').split(END);
  if (after === undefined || more.length > 0 || evenMore.length > 0) {
    throw new Error(`there is no place for the results: it begins with ${BEGIN} and ends with ${END}`);
  }
  return `${before}${BEGIN}\n\n${lines.join('\n').trim()}\n\n${END}${after}`;
}
