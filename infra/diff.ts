import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from './app.ts'
import { differences } from './differences.ts'
import { stages } from './settings.ts'
import { readTemplates, type StackTemplate, synthesise } from './synthesise.ts'

/**
 * `npm run infra:diff -- [commit]`: what deploying the working tree would change against a commit (HEAD by default; give
 * it the one that is deployed), without an account. `npx cdk diff` compares with what really runs.
 */
const root = join(import.meta.dirname, '..')
const commit = process.argv[2] ?? 'HEAD'

/** That commit's own program makes its templates, with the packages that are installed now. */
function templatesOf (commit: string, folder: string): Map<string, StackTemplate> {
  const archive = execFileSync('git', ['archive', commit, 'infra', 'src', 'package.json'], { cwd: root, maxBuffer: 64 * 1024 ** 2 })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const outdir = join(folder, 'templates')
  execFileSync(process.execPath, [join(folder, 'infra/main.ts')], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, CDK_OUTDIR: outdir } })
  return readTemplates(outdir)
}

const folder = mkdtempSync(join(tmpdir(), 'freshet-infra-diff-'))
try {
  const before = templatesOf(commit, folder)
  const { templates } = synthesise(buildApp(Object.values(stages), { outdir: join(folder, 'now'), validate: false, nag: false }))
  const found = differences(before, templates)
  for (const line of found) console.log(line)
  if (found.length === 0) console.log(`the templates are those of ${commit}`)
} finally {
  rmSync(folder, { recursive: true })
}
