const BEGIN = '<!-- npm run targets -- --write -->';
const END = '<!-- end -->';

/** The document with another table. @throws Error if it has no place for one. */
export function withTable(document: string, table: string): string {
  const { before, after } = split(document);
  return `${before}\n\n${table}\n\n${after}`;
}

/** The table that is in the document. */
export function tableIn(document: string): string {
  return split(document).table;
}

function split(document: string): {
  readonly before: string;
  readonly table: string;
  readonly after: string;
} {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`expected ${BEGIN} and ${END} in the document`);
  const from = begin + BEGIN.length;
  return {
    before: document.slice(0, from),
    table: document.slice(from, end).trim(),
    after: document.slice(end),
  };
}
