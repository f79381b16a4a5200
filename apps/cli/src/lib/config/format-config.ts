import { type NamedPath, nameApart } from '../init/name-apart.ts';

/** What `init` asks for. */
export interface ConfigAnswers {
  readonly databases: readonly string[];
  readonly backups: string;
  readonly keepDays: number;
  readonly minCount: number;
  /** Time of day for `schedule`; absent: none. */
  readonly at?: string;
}

/** A commented quackup.yaml. Strings are written as JSON, which YAML reads whatever they hold. */
export function formatConfig({ databases, backups, keepDays, minCount, at }: ConfigAnswers): string {
  const schedule = `schedule: { at: ${JSON.stringify(at ?? '02:00')} }`;
  return `# Quackup: backups for DuckDB. Paths are relative to this file.
databases:
${nameApart(databases).map(entry).join('\n')}
  # Globs work; \`name:\` gives an alias where two files share a name:
  # - path: data/**/*.db

targets:
  local: { type: local, path: ${JSON.stringify(backups)} }
  # A second place, on another machine, is what a backup is for:
  # offsite: { type: s3, bucket: my-backups, prefix: quackup/, region: eu-west-1 }

backup:
  targets: [local]
  # zstd (1 to 22), gzip (1 to 9) or none
  compression: { algorithm: zstd, level: 3 }

# A backup stays if any rule keeps it; also keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly.
retention: { keepDays: ${keepDays}, minCount: ${minCount} }

# When \`quackup daily\` runs. \`quackup schedule install\` sees to it, and \`quackup doctor\` says if it did not.
${at === undefined ? `# ${schedule}` : schedule}

# Who is told when \`quackup daily\` fails, and when that is over. Then try: quackup notify test
# notifications:
#   chat: { type: webhook, preset: slack, url: { file: slack-url } }
#   mail:
#     type: email
#     host: smtp.example.com
#     user: quackup
#     password: { env: SMTP_PASSWORD }
#     from: quackup@example.com
#     to: [me@example.com]
`;
}

function entry({ path, name }: NamedPath): string {
  const text = `  - path: ${JSON.stringify(path)}`;
  return name === undefined ? text : `${text}\n    name: ${JSON.stringify(name)}`;
}
