/** What `init` asks for. */
export interface ConfigAnswers {
  readonly databases: readonly string[];
  readonly backups: string;
  readonly keepDays: number;
  readonly minCount: number;
}

/** A commented quackup.yaml. Strings are written as JSON, which YAML reads whatever they hold. */
export function formatConfig({ databases, backups, keepDays, minCount }: ConfigAnswers): string {
  return `# Quackup: backups for DuckDB. Paths are relative to this file.
databases:
${databases.map((path) => `  - path: ${JSON.stringify(path)}`).join('\n')}
  # Globs work; \`name:\` gives an alias where two files share a name:
  # - path: data/**/*.db

targets:
  local: { type: local, path: ${JSON.stringify(backups)} }

backup:
  targets: [local]
  # zstd (1 to 22), gzip (1 to 9) or none
  compression: { algorithm: zstd, level: 3 }

# A backup stays if any rule keeps it; also keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly.
retention: { keepDays: ${keepDays}, minCount: ${minCount} }

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
