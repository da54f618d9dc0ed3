import { readFile } from 'node:fs/promises'
import { type AlarmRule, isComparison } from './alarm.ts'
import type { GroupSettings, RefreshPreferences, ScalingSetup, TargetSettings } from './group-settings.ts'
import { JsonReader } from './json-reader.ts'
import { LabError } from './lab-error.ts'
import type { MetricQuery } from './metrics.ts'
import type { AlarmDefinition } from './policies.ts'
import { readPolicy } from './template-policies.ts'
import { userDataNumber } from './template-user-data.ts'

/** Defaults of the service where a template leaves a property out. */
const serviceDefaults = { cooldownSeconds: 300, healthGraceSeconds: 0, minHealthyPercent: 90, maxHealthyPercent: 100, intervalSeconds: 30, timeoutSeconds: 5, healthyThreshold: 5, unhealthyThreshold: 2, deregistrationSeconds: 300 }

export interface TemplateResource { readonly id: string, readonly type: string, readonly body: JsonReader }

/** Reads the scaling of the web fleet from a synthesised CloudFormation template (JSON). */
export async function readTemplate (file: string): Promise<ScalingSetup> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new LabError(`no template at ${file}; make it with npm run infra:synth`, { cause: error })
  })
  return setupOf(JSON.parse(text), file)
}

/** The same of a parsed template; `name` is for errors. */
export function setupOf (template: unknown, name: string): ScalingSetup {
  const resources = new JsonReader(template, name).at('Resources').members().map(([id, body]) => ({ id, type: body.at('Type').text(), body }))
  const group = webGroup(resources)
  const settings = groupOf(group.body)
  const policies = resources
    .filter(({ type, body }) => type === 'AWS::AutoScaling::ScalingPolicy' && body.at('Properties.AutoScalingGroupName').reference() === group.id)
    .map(({ id, body }) => readPolicy(id, body, settings.warmupSeconds))
  const names = new Set(policies.map((policy) => policy.name))
  const alarms = resources
    .filter(({ type }) => type === 'AWS::CloudWatch::Alarm')
    .map(({ id, body }) => ({ id, body, acts: actionsOf(body).filter((action) => names.has(action)) }))
  const aborting = new Set(settings.refresh.abortAlarms)
  const webProcesses = userDataNumber('WEB_PROCESSES', resources.find(({ id }) => id === group.body.at('Properties.LaunchTemplate.LaunchTemplateId').reference())?.body)
  return {
    group: settings,
    target: targetOf(resources, group.body.at('Properties.TargetGroupARNs').list()[0]?.reference()),
    policies,
    ...(webProcesses === undefined ? {} : { webProcesses }),
    alarms: alarms.filter(({ id, acts }) => acts.length > 0 || aborting.has(id)).flatMap(alarmOf)
  }
}

/** The group behind a load balancer; if there are several, the one whose id says web. */
function webGroup (resources: readonly TemplateResource[]): TemplateResource {
  const groups = resources.filter(({ type, body }) => type === 'AWS::AutoScaling::AutoScalingGroup' && body.at('Properties.TargetGroupARNs').list().length > 0)
  const found = groups.length === 1 ? groups[0] : groups.find(({ id }) => /web/i.test(id))
  if (found === undefined) throw new Error('the template has no auto-scaling group behind a load balancer that is the web fleet’s')
  return found
}

function groupOf (group: JsonReader): GroupSettings {
  const of = (path: string) => group.at(`Properties.${path}`)
  const cooldownSeconds = of('Cooldown').optionalNumber() ?? serviceDefaults.cooldownSeconds
  const maintenance = of('InstanceMaintenancePolicy')
  return {
    min: of('MinSize').number(),
    max: of('MaxSize').number(),
    zones: Math.max(1, of('VPCZoneIdentifier').list().length),
    warmupSeconds: of('DefaultInstanceWarmup').optionalNumber() ?? cooldownSeconds,
    cooldownSeconds,
    healthGraceSeconds: of('HealthCheckGracePeriod').optionalNumber() ?? serviceDefaults.healthGraceSeconds,
    balancerHealth: of('HealthCheckType').optionalText()?.split(',').includes('ELB') === true,
    launchBeforeEnding: (maintenance.at('MinHealthyPercentage').optionalNumber() ?? 0) >= 100 && (maintenance.at('MaxHealthyPercentage').optionalNumber() ?? 0) > 100,
    refresh: refreshOf(group.at('UpdatePolicy.AutoScalingInstanceRefresh.Preferences'), maintenance)
  }
}

function refreshOf (preferences: JsonReader, maintenance: JsonReader): RefreshPreferences {
  const limit = (name: string) => preferences.at(name).optionalNumber() ?? maintenance.at(name).optionalNumber()
  const warmupSeconds = preferences.at('InstanceWarmup').optionalNumber()
  return {
    minHealthyPercent: limit('MinHealthyPercentage') ?? serviceDefaults.minHealthyPercent,
    maxHealthyPercent: limit('MaxHealthyPercentage') ?? serviceDefaults.maxHealthyPercent,
    ...(warmupSeconds === undefined ? {} : { warmupSeconds }),
    abortAlarms: preferences.at('AlarmSpecification.Alarms').list().flatMap((alarm) => alarm.reference() ?? [])
  }
}

function targetOf (resources: readonly TemplateResource[], id: string | undefined): TargetSettings {
  const found = resources.find((resource) => resource.id === id)
  if (found === undefined) throw new Error('the web fleet’s target group is not in the template')
  const of = (path: string) => found.body.at(`Properties.${path}`)
  const attributes = new Map(of('TargetGroupAttributes').list().map((one) => [one.at('Key').text(), one.at('Value')]))
  return {
    healthPath: of('HealthCheckPath').optionalText() ?? '/',
    intervalSeconds: of('HealthCheckIntervalSeconds').optionalNumber() ?? serviceDefaults.intervalSeconds,
    timeoutSeconds: of('HealthCheckTimeoutSeconds').optionalNumber() ?? serviceDefaults.timeoutSeconds,
    healthyThreshold: of('HealthyThresholdCount').optionalNumber() ?? serviceDefaults.healthyThreshold,
    unhealthyThreshold: of('UnhealthyThresholdCount').optionalNumber() ?? serviceDefaults.unhealthyThreshold,
    deregistrationSeconds: attributes.get('deregistration_delay.timeout_seconds')?.number() ?? serviceDefaults.deregistrationSeconds,
    balance: attributes.get('load_balancing.algorithm.type')?.text() === 'least_outstanding_requests' ? 'leastconn' : 'roundrobin'
  }
}

function actionsOf (alarm: JsonReader): string[] {
  return alarm.at('Properties.AlarmActions').list().flatMap((action) => action.reference() ?? [])
}

/** An alarm that only aborts a refresh may watch an expression, which the lab leaves out; one that scales may not. */
function alarmOf ({ id, body, acts }: { id: string, body: JsonReader, acts: string[] }): AlarmDefinition[] {
  const of = (path: string) => body.at(`Properties.${path}`)
  if (of('MetricName').isMissing) {
    if (acts.length === 0) return []
    throw new Error(`alarm ${id} scales by a metric expression; the lab reads alarms of a single metric`)
  }
  const evaluationPeriods = of('EvaluationPeriods').number()
  return [{ name: id, metric: metricOf(of('MetricName').text(), body), policies: acts, rule: ruleOf(body, evaluationPeriods) }]
}

function metricOf (name: string, body: JsonReader): MetricQuery {
  const of = (path: string) => body.at(`Properties.${path}`)
  return {
    namespace: of('Namespace').text(),
    name,
    statistic: of('ExtendedStatistic').optionalText() ?? of('Statistic').text(),
    periodSeconds: of('Period').number(),
    ignoreLowSamples: of('EvaluateLowSampleCountPercentile').optionalText() === 'ignore'
  }
}

function ruleOf (body: JsonReader, evaluationPeriods: number): AlarmRule {
  const of = (path: string) => body.at(`Properties.${path}`)
  const comparison = of('ComparisonOperator').text()
  if (!isComparison(comparison)) throw new Error(`${body.path}: CloudWatch has no comparison ${comparison}`)
  const missing = of('TreatMissingData').optionalText() ?? 'missing'
  if (missing !== 'missing' && missing !== 'ignore' && missing !== 'breaching' && missing !== 'notBreaching') throw new Error(`${body.path}: TreatMissingData can't be ${missing}`)
  return {
    comparison,
    threshold: of('Threshold').number(),
    evaluationPeriods,
    datapointsToAlarm: of('DatapointsToAlarm').optionalNumber() ?? evaluationPeriods,
    treatMissingData: missing
  }
}
