/**
 * A word of a command in a crontab: what cron makes of it, /bin/sh takes for exactly this one word.
 *
 * cron ends a command at `%` unless a backslash stands before it, which it takes away, and some take `\\` for one backslash. So
 * no backslash of a word is followed by either: the quotes are closed and opened after it, which the shell does not see.
 */
export function cronQuote(text: string): string {
  if (/^[A-Za-z0-9_@+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll(/['\\%]/g, (character) => ESCAPED[character] ?? character)}'`;
}

const ESCAPED: Readonly<Record<string, string>> = {
  "'": String.raw`'\''`,
  '\\': String.raw`\''`,
  '%': String.raw`\%`,
};
