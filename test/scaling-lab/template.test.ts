import t from 'tap'
import { alarms, scaleOutAlarmId } from '../../infra/alarms.ts'
import { scaling } from '../../infra/scaling.ts'
import { stages } from '../../infra/settings.ts'
import { candidates } from '../../scripts/scaling-lab/candidates.ts'
import { meanWebCpuMs } from '../../scripts/capacity/mean-request.ts'
import { readTemplate, setupOf } from '../../scripts/scaling-lab/template.ts'
import { synthesiseAside } from '../infra/synthesised.ts'

t.test('the lab reads what the synthesised template of production says, and it is what infra/scaling.ts says', async (t) => {
  const { templates } = synthesiseAside([stages.production])
  const name = 'freshet-production-us-east-1'
  const setup = setupOf(JSON.parse(JSON.stringify(templates.get(name))), name)
  const { min, max } = stages.production.primary.web
  const { warmUpSeconds, healthGraceSeconds, latencySteps, cpuPercent, requestsPerMinutePerInstance } = scaling.web
  t.match(setup.group, { min, max, zones: 3, warmupSeconds: warmUpSeconds, healthGraceSeconds, balancerHealth: true, launchBeforeEnding: true })
  t.match(setup.group.refresh, { minHealthyPercent: 100, maxHealthyPercent: 150, warmupSeconds: warmUpSeconds })
  t.equal(setup.group.refresh.abortAlarms.length, 2)
  t.match(setup.target, { healthPath: '/readyz', intervalSeconds: 5, healthyThreshold: 2, unhealthyThreshold: 2, deregistrationSeconds: 30, balance: 'leastconn' })
  const step = setup.policies.find((policy) => policy.kind === 'step')
  t.match(step, { adjustmentType: 'PercentChangeInCapacity', minAdjustmentMagnitude: scaling.web.latencyStepAtLeast, warmupSeconds: warmUpSeconds })
  t.same(step?.steps.map(({ lower, upper, adjustment }) => [lower, upper, adjustment]), latencySteps.map((one) => [one.fromSeconds, one.toSeconds, one.addPercent]))
  const targets = setup.policies.flatMap((policy) => policy.kind === 'target-tracking' ? [[policy.metric.name, policy.target]] : [])
  t.same(new Map(targets.map(([metric, target]) => [String(metric), Number(target)])), new Map([['CPUUtilization', cpuPercent], ['RequestCountPerTarget', requestsPerMinutePerInstance]]))
  const facts = alarms[scaleOutAlarmId]
  t.match(setup.alarms.find((alarm) => alarm.policies.length > 0), {
    policies: [step?.name],
    metric: { namespace: 'AWS/ApplicationELB', name: 'TargetResponseTime', statistic: 'p95', periodSeconds: facts.periodSeconds },
    rule: { comparison: 'GreaterThanThreshold', threshold: facts.threshold, evaluationPeriods: facts.of, datapointsToAlarm: facts.datapoints, treatMissingData: facts.missing }
  })
  t.test('and every candidate can be made of it', async (t) => {
    for (const candidate of candidates) {
      const changed = candidate.change(setup)
      const names = new Set(changed.policies.map((policy) => policy.name))
      t.ok(names.size > 0 && changed.alarms.every((alarm) => alarm.policies.every((policy) => names.has(policy))), candidate.name)
    }
  })
})

const resource = (Type: string, Properties: Record<string, unknown>) => ({ Type, Properties })
const group = resource('AWS::AutoScaling::AutoScalingGroup', { MinSize: '1', MaxSize: '4', TargetGroupARNs: [{ Ref: 'Targets' }] })
const policy = (change: Record<string, unknown>) => resource('AWS::AutoScaling::ScalingPolicy', { AutoScalingGroupName: { Ref: 'Web' }, PolicyType: 'StepScaling', AdjustmentType: 'ChangeInCapacity', StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }], ...change })
const alarm = (change: Record<string, unknown>) => resource('AWS::CloudWatch::Alarm', { AlarmActions: [{ Ref: 'Out' }], Namespace: 'n', MetricName: 'm', Statistic: 'Average', Period: 60, EvaluationPeriods: 2, Threshold: 1, ComparisonOperator: 'GreaterThanThreshold', ...change })
const template = (change: Record<string, unknown>) => ({ Resources: { Web: group, Targets: resource('AWS::ElasticLoadBalancingV2::TargetGroup', {}), Out: policy({}), High: alarm({}), ...change } })

t.test('what a template leaves out has the service’s default', async (t) => {
  const setup = setupOf(template({}), 'small')
  t.match(setup.group, { min: 1, max: 4, warmupSeconds: 300, healthGraceSeconds: 0, balancerHealth: false, launchBeforeEnding: false, refresh: { minHealthyPercent: 90, maxHealthyPercent: 100 } })
  t.match(setup.target, { healthPath: '/', intervalSeconds: 30, healthyThreshold: 5, deregistrationSeconds: 300, balance: 'roundrobin' })
  t.match(setup.alarms[0]?.rule, { datapointsToAlarm: 2, treatMissingData: 'missing' })
})

t.test('how many web processes an instance has is read from user data, whole or in pieces', async (t) => {
  const withUserData = (encoded: unknown) => setupOf(template({
    Web: resource('AWS::AutoScaling::AutoScalingGroup', { MinSize: '1', MaxSize: '4', TargetGroupARNs: [{ Ref: 'Targets' }], LaunchTemplate: { LaunchTemplateId: { Ref: 'Start' } } }),
    Start: resource('AWS::EC2::LaunchTemplate', { LaunchTemplateData: { UserData: { 'Fn::Base64': encoded } } })
  }), 'small').webProcesses
  t.equal(withUserData('PORT=3000\nWEB_PROCESSES=2\n'), 2)
  t.equal(withUserData({ 'Fn::Join': ['', ['HOST=', { Ref: 'Host' }, '\nWEB_PROCESSES=4\n']] }), 4)
  t.equal(withUserData('OLD_WEB_PROCESSES=2\n'), undefined)
  t.equal(setupOf(template({}), 'small').webProcesses, undefined)
})

t.test('the target for requests is what the processors of an instance answer at the target for their load', async (t) => {
  const processors = 2
  const { cpuPercent, requestsPerMinutePerInstance } = scaling.web
  const wanted = cpuPercent / 100 * processors * 60_000 / meanWebCpuMs()
  t.ok(Math.abs(requestsPerMinutePerInstance / wanted - 1) < 0.25, `${requestsPerMinutePerInstance} in infra/scaling.ts; the costs measured last ask for ${Math.round(wanted)}`)
})

t.test('what it can’t play it names, instead of leaving it out', async (t) => {
  const faults: Array<[Record<string, unknown>, RegExp]> = [
    [{ Out: policy({ PolicyType: 'PredictiveScaling' }) }, /does not play policies of type PredictiveScaling/],
    [{ Out: policy({ AdjustmentType: 'Twice' }) }, /no adjustment type Twice/],
    [{ Out: policy({ StepAdjustments: [] }) }, /policy Out: it has no steps/],
    [{ Out: policy({ PolicyType: 'TargetTrackingScaling', TargetTrackingConfiguration: { TargetValue: 1, PredefinedMetricSpecification: { PredefinedMetricType: 'ASGAverageNetworkIn' } } }) }, /does not produce ASGAverageNetworkIn/],
    [{ High: alarm({ MetricName: undefined, Metrics: [] }) }, /alarm High scales by a metric expression/],
    [{ High: alarm({ ComparisonOperator: 'Near' }) }, /no comparison Near/],
    [{ High: alarm({ Threshold: 'much' }) }, /Threshold should be a number, but is "much"/],
    [{ High: alarm({ TreatMissingData: 'perhaps' }) }, /TreatMissingData can't be perhaps/],
    [{ Web: resource('AWS::AutoScaling::AutoScalingGroup', { MinSize: '1', MaxSize: '4' }) }, /no auto-scaling group behind a load balancer/],
    [{ Targets: undefined }, /should be an object|Type should be text/]
  ]
  for (const [change, message] of faults) t.throws(() => setupOf(template(change), 'small'), message)
  await t.rejects(readTemplate('/nowhere/at/all.json'), /no template at \/nowhere\/at\/all.json; make it with npm run infra:synth/)
})
