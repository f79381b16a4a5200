/** A plot as SVG: lines over one axis. Pure. */

export interface Line {
  readonly title: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Plot {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly lines: readonly Line[];
}

const WIDTH = 720;
const HEIGHT = 360;
const LEFT = 60;
const RIGHT = 190;
const TOP = 40;
const BOTTOM = 45;
const COLORS = ['#0b6', '#06c', '#c40', '#939'] as const;
const TICKS = 4;

function text([x, y]: readonly [number, number], content: string, more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escape(content)}</text>`;
}

/** Both axes begin at 0, so that a straight line through the corner is what is proportional. */
export function renderPlot({ title, xTitle, yTitle, lines }: Plot): string {
  const points = lines.flatMap((line) => line.points);
  const maxX = Math.max(...points.map(({ x }) => x));
  const maxY = niceCeiling(Math.max(...points.map(({ y }) => y)));
  const x = (value: number): number => LEFT + (value / maxX) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / maxY) * (HEIGHT - TOP - BOTTOM);
  const ticks = Array.from({ length: TICKS + 1 }, (_, index) => index / TICKS);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text([LEFT, 22], title, 'font-size="15"'),
    ...ticks.flatMap((part) => [
      `<path d="M${LEFT} ${y(maxY * part).toFixed(1)}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
      text([LEFT - 6, y(maxY * part) + 4], short(maxY * part), 'text-anchor="end"'),
      text([x(maxX * part), HEIGHT - BOTTOM + 16], short(maxX * part), 'text-anchor="middle"'),
    ]),
    text([(LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8], xTitle, 'text-anchor="middle"'),
    text([8, TOP - 8], yTitle),
    ...lines.flatMap((line, index) => {
      const color = COLORS[index % COLORS.length];
      const path = line.points.map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`).join(' ');
      return [
        `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
        ...line.points.map(
          (point) =>
            `<circle cx="${x(point.x).toFixed(1)}" cy="${y(point.y).toFixed(1)}" r="3" fill="${color}"/>`,
        ),
        text([WIDTH - RIGHT + 10, TOP + 12 + index * 18], line.title, `fill="${color}"`),
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

/** The next of 1, 2, 4, 6, 8, 10 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 6, 8, 10].find((factor) => factor * power >= value) ?? 10) * power;
}

const short = (value: number): string => String(Number(value.toPrecision(3)));

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
