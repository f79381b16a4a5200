const MARK = '\n… (cut off)';

/** At most `maxBytes` of UTF-8, cut between characters and with a mark that something is missing. */
export function clip(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text).subarray(0, Math.max(0, maxBytes - Buffer.byteLength(MARK)));
  let end = bytes.length;
  // A byte 10xxxxxx continues a character: the cut goes before the byte that begins the last one, if that is not whole.
  while (end > 0 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end -= 1;
  const first = bytes[end - 1] ?? 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  const whole = end - 1 + length <= bytes.length ? end - 1 + length : end - 1;
  return bytes.toString('utf8', 0, Math.max(0, whole)) + MARK;
}

/** One line: line breaks and control characters become spaces. For headers, titles and log lines. */
export function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what must go
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
}
