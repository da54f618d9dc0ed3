import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settings } from '../src/config.ts'

interface Row { name: string, fallback: string | undefined, meaning: string, secret: boolean }

const rows: Row[] = Object.entries(settings).map(([name, setting]) => ({
  name,
  fallback: 'fallback' in setting ? setting.fallback : undefined,
  meaning: setting.meaning,
  secret: 'secret' in setting && setting.secret === true
}))

/** docs/configuration.md, from the settings table. */
export function configurationMarkdown (): string {
  const table = rows.map(({ name, fallback, meaning, secret }) =>
    `| \`${name}\` | ${fallback === undefined || fallback === '' ? '–' : `\`${fallback}\``} | ${meaning.replaceAll('|', '\\|')}${secret ? ' **Secret.**' : ''} |`)
  return `<!-- Generated from src/config.ts by \`npm run docs:configuration\`; change it there. -->
# Settings

Freshet reads its settings from environment variables and from nothing else. On one machine none is needed. All faults are
reported together at the start, each with the name of the setting and what it must be.

The value of any setting may be a reference, which is looked up at the start: \`aws-secret:NAME\` is a secret of AWS
Secrets Manager (its name or ARN), \`aws-secret:NAME#MEMBER\` one member of a secret that is a JSON object, and
\`aws-ssm:NAME\` a parameter of SSM. Signing keys and the database's password are looked up again while Freshet runs, so
that they can be changed without a restart. \`AWS_REGION\` and \`AWS_ENDPOINT\` say
where to look and can’t be references themselves.

| Setting | Default | Meaning |
|---|---|---|
${table.join('\n')}
`
}

/** .env.example, from the same table. */
export function exampleEnv (): string {
  const blocks = rows.map(({ name, fallback, meaning }) => `# ${meaning}\n#${name}=${fallback ?? ''}`)
  return `# Generated from src/config.ts by npm run docs:configuration. Nothing here is needed on one machine.\n# Use: cp .env.example .env, take away the # of what you change, and start with: node --env-file=.env dist/server/main.js\n\n${blocks.join('\n\n')}\n`
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  writeFileSync(join(root, 'docs/configuration.md'), configurationMarkdown())
  writeFileSync(join(root, '.env.example'), exampleEnv())
}
