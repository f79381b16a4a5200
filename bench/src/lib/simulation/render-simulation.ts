/** The simulation as Markdown. Pure. */
import { renderTable } from '../table.ts';
import type { Simulation } from './simulate.ts';

const SHOWN_DAYS = new Set([1, 2, 7, 14, 30, 31, 45, 60]);

const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);

export function renderSimulation(
  { days, firstFull, kept, archives, unreferenced }: Simulation,
  now: Date,
): string[] {
  const last = days.at(-1);
  const day30 = days.find(({ day }) => day === 30);
  if (last === undefined || day30 === undefined) return ['Nothing was simulated.'];
  return [
    `Simulated on ${now.toISOString().slice(0, 10)} by \`npm run bench:simulate\`. Megabytes.`,
    '',
    ...renderTable(
      ['day', 'database', 'kind', 'added', 'quackup', 'restic', 'borg', 'full tar.gz'].map((title) => ({
        title,
        align: 'right',
      })),
      days
        .filter(({ day }) => SHOWN_DAYS.has(day))
        .map(({ day, database, kind, added, quackup, restic, borg, tarGz }) => [
          String(day),
          mb(database),
          kind,
          mb(added),
          mb(quackup),
          mb(restic),
          mb(borg),
          mb(tarGz),
        ]),
    ),
    '',
    `At the end Quackup stores ${(last.quackup / last.restic).toFixed(2)} times what restic stores, and ${(last.quackup / last.borg).toFixed(2)} times what borg stores; after 30 days ${(day30.quackup / firstFull).toFixed(2)} times its first full backup. All ${kept} backups that were kept pass \`verify --level blocks\`; they need ${archives - unreferenced.length} archives, and ${unreferenced.length === 0 ? 'no other archive is' : `${unreferenced.length} others are`} there.`,
    '',
    '![Bytes stored over sixty days](simulation.svg)',
  ];
}
