import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from './app.ts'
import { examplesLeft } from './examples.ts'
import { missingSettings } from './place.ts'
import { stages, type StageSettings } from './settings.ts'
import { changesSinceFreeze, freeze } from './stateful.ts'
import { synthesise, type Synthesis } from './synthesise.ts'
import { joinedStages, productionVariants } from './variants.ts'

/**
 * `npm run infra:check`: every template against the CloudFormation validator, cdk-nag and the freeze of stateful
 * resources, then the tests, then all of it without a network. `-- --freeze` accepts new stateful resources.
 */
const root = join(import.meta.dirname, '..')
const withoutNetwork = process.argv.includes('--without-network')

function synthesiseAside (list: readonly StageSettings[]): Synthesis {
  const outdir = mkdtempSync(join(tmpdir(), 'freshet-infra-'))
  try {
    return synthesise(buildApp(list, { outdir, validate: true, nag: true }))
  } finally {
    rmSync(outdir, { recursive: true })
  }
}

function check (): string[] {
  const filledIn = Object.values(stages)
  for (const sentence of filledIn.flatMap(missingSettings)) console.log(`to do  ${sentence}`)
  const all = synthesiseAside(Object.values(joinedStages))
  if (process.argv.includes('--freeze')) freeze(all.templates)
  const faults = [...filledIn.flatMap(examplesLeft), ...all.findings, ...changesSinceFreeze(all.templates)]
  say('the stages', all, faults.length)
  for (const [name, stage] of Object.entries(productionVariants)) {
    const variant = synthesiseAside([stage])
    say(`production ${name}`, variant, variant.findings.length)
    faults.push(...variant.findings.map((finding) => `production ${name}: ${finding}`))
  }
  return faults
}

function say (what: string, { templates }: Synthesis, faults: number): void {
  const resources = [...templates.values()].reduce((sum, { Resources }) => sum + Object.keys(Resources).length, 0)
  console.log(`${faults === 0 ? 'ok' : 'NOT OK'}  ${what}: ${templates.size} stacks, ${resources} resources`)
}

function runTests (): string[] {
  const { status } = spawnSync(join(root, 'node_modules/.bin/tap'), ['run', '--disable-coverage', '--allow-empty-coverage', ...globSync('test/infra/*.test.ts', { cwd: root })], { cwd: root, stdio: 'inherit' })
  return status === 0 ? [] : ['the tests of the templates fail']
}

/** The same once more where nothing can be reached, so that no look-up has crept in. */
function repeatWithoutNetwork (): string[] {
  const cut = ['--map-root-user', '--net']
  if (spawnSync('unshare', [...cut, 'true']).status !== 0) {
    console.log('left out  all of it without a network: this machine has no unshare, or doesn’t allow it')
    return []
  }
  console.log('without a network:')
  const { status } = spawnSync('unshare', [...cut, process.execPath, import.meta.filename, '--without-network'], { cwd: root, stdio: 'inherit' })
  return status === 0 ? [] : ['without a network the checks fail']
}

const faults = check()
if (faults.length === 0) {
  faults.push(...runTests())
  if (!withoutNetwork) faults.push(...repeatWithoutNetwork())
}
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1
