import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { meanWebCpuMs } from '../capacity/mean-request.ts'
import { type Candidate, candidates, candidateNamed } from './candidates.ts'
import { LabError } from './lab-error.ts'
import type { LabSettings } from './run-scenario.ts'
import { type Scenario, scenariosNamed } from './scenarios.ts'

export interface LabOptions {
  readonly scenarios: readonly Scenario[]
  readonly candidates: readonly Candidate[]
  /** A synthesised template. */
  readonly policies: string
  readonly isModel: boolean
  readonly seed: number
  readonly targetMs: number
  readonly out: string
  /** Where the picture of the step goes too. */
  readonly picture: string | undefined
  readonly lab: LabSettings
  /** Event loops of an instance, if the template does not say. */
  readonly eventLoops: number | undefined
}

const root = join(import.meta.dirname, '../..')
const text = (fallback: string) => ({ type: 'string', default: fallback } as const)
const options = {
  scenario: text('all'),
  policies: text(join(root, 'infra/cdk.out/freshet-production-us-east-1.template.json')),
  candidate: text('template'),
  compress: { type: 'string' },
  seed: text('1'),
  out: text('data/scaling-lab'),
  picture: { type: 'string' },
  model: { type: 'boolean', default: false },
  vcpus: text('2'),
  'event-loops': { type: 'string' },
  'service-ms': text('20'),
  'measured-ms': { type: 'string' },
  'shed-above-ms': text('100'),
  'hold-ms': text('500'),
  'hold-requests': text('50'),
  'boot-seconds': text('60'),
  'pending-seconds': text('25'),
  'shutdown-seconds': text('60'),
  'balancer-delay': text('60'),
  'own-delay': text('20'),
  'target-ms': text('250'),
  base: { type: 'string' }
} as const
/** All scenarios within ten minutes on a clock; the model need not hurry. */
const compressions = { model: 1, processes: 40 }

/** @throws LabError naming the option that is wrong and what it may be */
export function parseLabOptions (args: string[]): LabOptions {
  const values = parsed(args)
  const number = (name: keyof typeof options & keyof typeof values, otherwise?: number): number => {
    const value = values[name]
    if (value === undefined && otherwise !== undefined) return otherwise
    const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN
    if (!(read >= 0)) throw new LabError(`--${name} takes a number, not ${String(value)}`)
    return read
  }
  const measuredMs = number('measured-ms', meanWebCpuMs())
  const serviceMs = number('service-ms')
  const delays = { own: number('own-delay'), balancer: number('balancer-delay') }
  const scenarios = scenariosNamed(values.scenario)
  if (values.picture !== undefined && !scenarios.some(({ name }) => name === 'step')) throw new LabError('--picture takes the picture of the scenario step, which is not among those to play')
  return {
    scenarios,
    candidates: values.candidate === 'all' ? candidates : values.candidate.split(',').map(candidateNamed),
    policies: values.policies,
    isModel: values.model,
    seed: number('seed'),
    targetMs: number('target-ms'),
    out: values.out,
    picture: values.picture,
    eventLoops: values['event-loops'] === undefined ? undefined : number('event-loops'),
    lab: {
      instance: {
        vcpus: number('vcpus'),
        eventLoops: 2,
        serviceMs,
        shedAboveMs: number('shed-above-ms'),
        holdMs: number('hold-ms'),
        holdMost: Math.round(number('hold-requests') * measuredMs / serviceMs)
      },
      bootSeconds: number('boot-seconds'),
      pendingSeconds: number('pending-seconds'),
      shutdownSeconds: number('shutdown-seconds'),
      compression: number('compress', values.model ? compressions.model : compressions.processes),
      measuredMs,
      delaySeconds: (namespace) => namespace === 'Freshet' ? delays.own : delays.balancer,
      ...(values.base === undefined ? {} : { baseInstances: number('base') })
    }
  }
}

function parsed (args: string[]) {
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    throw error instanceof Error ? new LabError(error.message) : error
  }
}
