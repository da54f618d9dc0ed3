import type { Scenario } from './scenarios.ts'
import type { Run, TimelineRow } from './timeline.ts'

export interface Score {
  readonly minutesOverTarget: number
  readonly worstP95Ms: number
  /** Minutes from the scenario's beginning until p95 and shedding were well for good three minutes; undefined: never. */
  readonly recoveredMinutes: number | undefined
  readonly reversals: number
  readonly failed: number
  readonly shed: number
  readonly sent: number
  readonly instanceMinutes: number
  readonly mostInstances: number
  readonly steadyCpuPercent: number | undefined
}

export interface Goal { readonly says: string, readonly met: boolean, readonly seen: string }

const rowMinutes = 0.5
const wellRows = 6
const wellShedPercent = 1

/** The figures by which policies are compared. */
export function scoreOf ({ rows, activities }: Run, scenario: Scenario, targetMs: number): Score {
  const steady = scenario.steadyFromMinute === undefined ? [] : rows.filter((row) => row.minute >= (scenario.steadyFromMinute ?? 0))
  const sum = (of: (row: TimelineRow) => number) => rows.reduce((total, row) => total + of(row), 0)
  return {
    minutesOverTarget: rows.filter((row) => row.p95Ms > targetMs).length * rowMinutes,
    worstP95Ms: Math.round(Math.max(...rows.map((row) => row.p95Ms))),
    recoveredMinutes: recovery(rows, scenario.beginsAtMinute, targetMs),
    reversals: reversalsOf(activities.map((activity) => activity.desired)),
    failed: sum((row) => row.failed),
    shed: sum((row) => row.shed),
    sent: sum((row) => row.sent),
    instanceMinutes: Math.round(sum((row) => row.running) * rowMinutes),
    mostInstances: Math.max(...rows.map((row) => row.healthy)),
    steadyCpuPercent: steady.length === 0 ? undefined : Math.round(steady.reduce((total, row) => total + row.cpuPercent, 0) / steady.length * 10) / 10
  }
}

/** How often a sequence of sizes changes its direction. */
export function reversalsOf (sizes: readonly number[]): number {
  const directions = sizes.map((size, i) => Math.sign(size - (sizes[i - 1] ?? size))).filter((direction) => direction !== 0)
  return directions.filter((direction, i) => i > 0 && direction !== directions[i - 1]).length
}

function recovery (rows: readonly TimelineRow[], beginsAt: number, targetMs: number): number | undefined {
  const well = rows.map((row) => row.p95Ms <= targetMs && row.shedPercent <= wellShedPercent)
  const first = rows.findIndex((row) => row.minute >= beginsAt)
  const fall = well.findIndex((isWell, i) => i >= first && !isWell)
  if (fall < 0) return 0
  const back = well.findIndex((_, i) => i > fall && well.slice(i, i + wellRows).every(Boolean))
  return back < 0 ? undefined : (rows[back]?.minute ?? 0) - beginsAt
}

/** The goals that a scenario is held to, met or missed. */
export function goalsOf (scenario: Scenario, score: Score): Goal[] {
  const goals: Goal[] = [{ says: 'no flapping (at most 1 reversal)', met: score.reversals <= 1, seen: String(score.reversals) }]
  if (scenario.name === 'step') {
    const minutes = score.recoveredMinutes
    goals.push({ says: 'p95 back under target, and less than 1 % shed, within 5 minutes', met: minutes !== undefined && minutes <= 5, seen: minutes === undefined ? 'never' : `${minutes} min` })
  }
  if (scenario.name !== 'killed-instance') goals.push({ says: '0 failed requests', met: score.failed === 0, seen: `${score.failed} of ${score.sent}` })
  const cpu = score.steadyCpuPercent
  if (cpu !== undefined) goals.push({ says: 'CPU between 50 and 60 % once steady', met: cpu >= 50 && cpu <= 60, seen: `${cpu} %` })
  return goals
}
