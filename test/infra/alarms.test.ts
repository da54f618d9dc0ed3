import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type AlarmFacts, alarms, type AlarmId, scaleOutAlarmId } from '../../infra/alarms.ts'
import { joinedStages as stages } from '../../infra/variants.ts'
import { at, resourcesOf, synthesiseAside } from './synthesised.ts'

const { templates } = synthesiseAside([stages.production])
const ids = Object.keys(alarms)
const isAlarmId = (id: string): id is AlarmId => ids.includes(id)
const found = [...templates].flatMap(([stack, template]) => resourcesOf(template, 'AWS::CloudWatch::Alarm').map(({ Properties }) => {
  const description = String(at(Properties, 'AlarmDescription'))
  const id = /docs\/operations\.md#([a-z0-9-]+)$/.exec(description)?.[1] ?? ''
  if (!isAlarmId(id)) throw new Error(`${stack}: an alarm whose description ends in no section of the runbook: ${description}`)
  const facts: AlarmFacts = alarms[id]
  return { stack, Properties, description, id, facts }
}))

t.test('every alarm of the list is there, wherever it belongs', async (t) => {
  const stacks = { edge: ['edge'], primary: ['us-east-1'], region: ['us-east-1', 'eu-west-1', 'ap-southeast-2'] }
  for (const [id, { where }] of Object.entries<AlarmFacts>(alarms)) {
    const expected = stacks[where].map((part) => `freshet-production-${part}`).sort()
    t.strictSame([...new Set(found.filter((one) => one.id === id).map(({ stack }) => stack))].sort(), expected, id)
  }
})

t.test('an alarm says what happened, what to do and where to read on', async (t) => {
  for (const { Properties, description, facts } of found) {
    t.ok(description.includes(facts.watches) && description.includes(`To do: ${facts.action}`))
    t.ok(description.length <= 1024)
    t.match(Properties, { DatapointsToAlarm: facts.datapoints, EvaluationPeriods: facts.of, TreatMissingData: facts.missing, Threshold: facts.threshold })
  }
})

t.test('every alarm tells the topic of its region, going and coming; the one that scales tells nobody', async (t) => {
  for (const { Properties, id } of found) {
    const actions = JSON.stringify(at(Properties, 'AlarmActions'))
    t.match(actions, id === scaleOutAlarmId ? /WebFleetLatency/ : /OperationsAlerts/)
    t.equal(at(Properties, 'OKActions') === undefined, id === scaleOutAlarmId)
  }
})

t.test('what Freshet reports itself is looked for under the names that it uses', async (t) => {
  const folder = join(import.meta.dirname, '../../src')
  const metrics = new Set(found.flatMap(({ Properties }) => [
    { Namespace: at(Properties, 'Namespace'), MetricName: at(Properties, 'MetricName'), Dimensions: at(Properties, 'Dimensions') },
    ...[at(Properties, 'Metrics') ?? []].flat().map((one) => at(one, 'MetricStat', 'Metric'))
  ]).filter((metric) => at(metric, 'Namespace') === 'Freshet').map((metric) => {
    const dimensions = [at(metric, 'Dimensions')].flat().map((one) => String(at(one, 'Name')))
    t.strictSame(dimensions.sort(), ['Role', 'Stage'])
    return String(at(metric, 'MetricName'))
  }))
  const source = ['emf-metrics.ts', 'metric-events.ts', 'readings.ts', 'process-metrics.ts', 'queue-counts.ts'].map((file) => readFileSync(join(folder, 'platform/metrics', file), 'utf8')).join('\n')
  for (const name of metrics) t.match(source, new RegExp(`\\b${name}\\b`), name)
})

t.test('every alarm has its section in the runbook', async (t) => {
  const file = join(import.meta.dirname, '../../docs/operations.md')
  t.ok(existsSync(file))
  const anchors = [...readFileSync(file, 'utf8').matchAll(/^### (.+)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s-]/gu, '').trim().replaceAll(/\s+/g, '-'))
  for (const id of ids) t.ok(anchors.includes(id), `docs/operations.md has a section “### ${id}”`)
})
