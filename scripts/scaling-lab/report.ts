import type { Scenario } from './scenarios.ts'
import type { Goal, Score } from './score.ts'
import type { Run } from './timeline.ts'

export interface ScoredRun {
  readonly candidate: string
  readonly scenario: Scenario
  readonly score: Score
  readonly goals: readonly Goal[]
  readonly run: Run
  /** How late the lab itself was, 95th percentile; a model has no clock to be late for. */
  readonly lateMs?: number
}

/** More than this and queueing on this machine, not in the fleet, is what is measured. */
const latestMs = 30

export function isTooLate ({ lateMs = 0 }: ScoredRun): boolean {
  return lateMs > latestMs
}

/** A table in Markdown, so that it can be kept as it is printed. */
export function printScores (runs: readonly ScoredRun[]): void {
  console.log('\n| Scenario | Policies | min over target | worst p95 ms | well again after | reversals | failed | shed | of | instance-min | most | steady CPU % | lab late ms |')
  console.log('|---|---|---|---|---|---|---|---|---|---|---|---|---|')
  for (const run of runs) {
    const { scenario, candidate, score, lateMs } = run
    const cells = [
      scenario.name, candidate, score.minutesOverTarget, score.worstP95Ms,
      score.recoveredMinutes === undefined ? 'never' : `${score.recoveredMinutes} min`,
      score.reversals, score.failed, score.shed, score.sent, score.instanceMinutes, score.mostInstances, score.steadyCpuPercent ?? '',
      `${lateMs ?? ''}${isTooLate(run) ? ' (too late)' : ''}`
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
}

export function printGoals (runs: readonly ScoredRun[]): void {
  console.log('')
  for (const run of runs) {
    for (const { says, met, seen } of run.goals) console.log(`${isTooLate(run) ? 'UNSURE' : met ? 'met   ' : 'MISSED'} ${run.scenario.name} (${run.candidate}): ${says}: ${seen}`)
  }
}

/** Says whether this machine had time for the lab, or nothing of a model. */
export function printLateness (runs: readonly ScoredRun[]): void {
  const late = runs.filter(isTooLate)
  if (late.length > 0) console.log(`THIS MACHINE WAS LATE ITSELF, by more than ${latestMs} ms (p95) in ${late.map(({ scenario }) => scenario.name).join(', ')}: figures of these don’t count; play them again when it is quiet`)
  else if (runs.some(({ lateMs }) => lateMs !== undefined)) console.log(`the lab kept its time: never more than ${latestMs} ms late (p95), so the figures count`)
}
