import { expect, test } from 'vitest';

import { renderPlot } from '../src/lib/growth/plot.ts';

test('a plot draws each line from its points, with axes from 0', () => {
  const svg = renderPlot({
    title: 'Time & size',
    xTitle: 'GB',
    yTitle: 's',
    lines: [
      {
        title: 'a < b',
        points: [
          { x: 1, y: 5 },
          { x: 2, y: 10 },
        ],
      },
      { title: 'c', points: [{ x: 2, y: 7.5 }] },
    ],
  });
  expect(svg).toContain('points="295.0,177.5 530.0,40.0"');
  expect(svg).toContain('cx="530.0" cy="108.8"');
  expect(svg).toContain('Time &amp; size');
  expect(svg).toContain('a &lt; b');
  expect(svg.match(/<polyline/g)).toHaveLength(2);
});
