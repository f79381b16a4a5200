/** What a camera would see of the codes on a recovery sheet, drawn from the sheet itself. */
export interface Bitmap {
  /** RGBA. */
  readonly pixels: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Pixels to a module. */
const SCALE = 4;

/** Each `<svg>` of a page: squares `Mx,yhNvNh-Nz` of black paths on white. */
export function bitmapOfSvg(html: string): Bitmap[] {
  return [...html.matchAll(/<svg[^>]*viewBox="0 0 (\d+) (\d+)"[^>]*>([\s\S]*?)<\/svg>/g)].map(
    ([, width = '', height = '', body = '']) => {
      const squares = [...body.matchAll(/M(\d+),(\d+)h(\d+)v(\d+)h-\d+z/g)].map((match) =>
        match.slice(1).map(Number),
      );
      const unit = squares[0]?.[2] ?? 1;
      const rows = Array.from({ length: Number(height) / unit }, () =>
        Array<boolean>(Number(width) / unit).fill(false),
      );
      for (const [x = 0, y = 0, w = 0, h = 0] of squares) {
        for (let row = y / unit; row < (y + h) / unit; row += 1)
          rows[row]?.fill(true, x / unit, (x + w) / unit);
      }
      return draw(rows);
    },
  );
}

/** Each block of lines that consist of half blocks and spaces: ink is dark. */
export function bitmapOfText(text: string): Bitmap[] {
  const codes: string[][] = [];
  let code: string[] = [];
  for (const line of [...text.split('\n'), 'end']) {
    if (/^[█▀▄ ]{20,}$/.test(line)) code.push(line);
    else {
      if (code.length > 0) codes.push(code);
      code = [];
    }
  }
  return codes.map((lines) =>
    draw(
      lines.flatMap((line) => [
        Array.from(line, (each) => each === '█' || each === '▀'),
        Array.from(line, (each) => each === '█' || each === '▄'),
      ]),
    ),
  );
}

function draw(rows: readonly (readonly boolean[])[]): Bitmap {
  const height = rows.length * SCALE;
  const width = (rows[0]?.length ?? 0) * SCALE;
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (rows[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)] === true)
        pixels.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { pixels, width, height };
}
