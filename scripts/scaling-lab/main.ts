import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Candidate } from './candidates.ts'
import { LabError } from './lab-error.ts'
import { type LabOptions, parseLabOptions } from './lab-options.ts'
import { ModelFleet } from './model-fleet.ts'
import { drawPicture } from './picture.ts'
import { ProcessFleet } from './process-fleet.ts'
import { isTooLate, printGoals, printLateness, printScores, type ScoredRun } from './report.ts'
import { type LabSettings, runScenario } from './run-scenario.ts'
import type { Scenario } from './scenarios.ts'
import { goalsOf, scoreOf } from './score.ts'
import { readTemplate } from './template.ts'

// npm run scaling-lab: plays load scenarios against the scaling that the synthesised template asks for. See docs/decisions/0025.

async function main (options: LabOptions): Promise<void> {
  await mkdir(options.out, { recursive: true })
  const began = Date.now()
  const runs: ScoredRun[] = []
  for (const candidate of options.candidates) {
    for (const scenario of options.scenarios) {
      const scored = await play(scenario, candidate, options)
      runs.push(scored)
      console.log(`${candidate.name} ${scenario.name}`)
      for (const { at, text } of scored.run.activities) console.log(`  ${(at / 60).toFixed(1).padStart(5)} min  ${text}`)
    }
  }
  printScores(runs)
  printGoals(runs)
  await keepPicture(runs, options)
  console.log(`\n${Math.round((Date.now() - began) / 1000)} s; figures and pictures in ${options.out}`)
  printLateness(runs)
}

async function play (scenario: Scenario, candidate: Candidate, options: LabOptions): Promise<ScoredRun> {
  const { isModel, seed, targetMs, out } = options
  const setup = candidate.change(await readTemplate(options.policies))
  const lab = instanceOf(options, candidate, setup.webProcesses)
  const settings = { instance: lab.instance, target: setup.target, compression: lab.compression, seed }
  const fleet = isModel ? new ModelFleet(settings) : await ProcessFleet.start({ ...settings, most: setup.group.max })
  const run = await runScenario(scenario, setup, { fleet, lab })
  const score = scoreOf(run, scenario, targetMs)
  const scored: ScoredRun = { candidate: candidate.name, scenario, score, goals: goalsOf(scenario, score), run, ...(fleet instanceof ProcessFleet ? { lateMs: fleet.latenessMs } : {}) }
  await writeFile(`${stemOf(scored, out)}.json`, JSON.stringify({ candidate: candidate.name, scenario: scenario.name, score, goals: scored.goals, lateMs: scored.lateMs, activities: run.activities, rows: run.rows }, null, 1))
  const subtitle = `policies: ${candidate.says}; ${isModel ? 'model' : 'real processes'}${lab.compression === 1 ? '' : `, time compressed ${lab.compression}×`}`
  await writeFile(`${stemOf(scored, out)}.svg`, drawPicture(run.rows, { title: `${scenario.name}: ${scenario.says}`, subtitle, targetMs }))
  return scored
}

function instanceOf ({ lab, eventLoops }: LabOptions, { shedding, holding }: Candidate, webProcesses: number | undefined): LabSettings {
  const { instance } = lab
  return {
    ...lab,
    instance: {
      ...instance,
      eventLoops: eventLoops ?? webProcesses ?? instance.eventLoops,
      shedAboveMs: shedding === false ? 0 : instance.shedAboveMs,
      holdMost: holding === false ? 0 : instance.holdMost
    }
  }
}

async function keepPicture (runs: readonly ScoredRun[], { picture, out }: LabOptions): Promise<void> {
  const step = runs.find(({ scenario }) => scenario.name === 'step')
  if (picture === undefined || step === undefined) return
  if (isTooLate(step)) {
    console.log(`\n${picture} is left as it was: this machine was too late for a picture that tells the truth`)
    return
  }
  await mkdir(dirname(picture), { recursive: true })
  await copyFile(`${stemOf(step, out)}.svg`, picture)
}

function stemOf ({ scenario, candidate }: ScoredRun, out: string): string {
  return join(out, `${scenario.name}-${candidate}`)
}

try {
  await main(parseLabOptions(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof LabError)) throw error
  console.error(`scaling-lab: ${error.message}`)
  process.exitCode = 2
}
