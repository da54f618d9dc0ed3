import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { parseUserData } from '../../ami/instance-settings.ts'
import { placesOf, stageName } from '../../infra/place.ts'
import { scaling } from '../../infra/scaling.ts'
import type { StackTemplate } from '../../infra/synthesise.ts'
import { joinedStages as stages, productionVariants } from '../../infra/variants.ts'
import { instanceType } from '../../scripts/capacity/instance-types.ts'
import { readConfig } from '../../src/config.ts'
import { at, resourcesOf, synthesiseAside } from './synthesised.ts'

const { templates } = synthesiseAside(Object.values(stages))
const regional = Object.values(stages).flatMap((stage) => placesOf(stage).map((place) => {
  const name = `${stageName(stage)}-${place.region.name}`
  return { place, name, template: templates.get(name) ?? { Resources: {} } }
}))

/** A stand-in for what CloudFormation fills in, and for what the instance reads from Secrets Manager. */
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256', privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } })
const ed = generateKeyPairSync('ed25519', { privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } })
const secrets: Record<string, string> = {
  'tokens#privateKey': ed.privateKey,
  'tokens#nextPublicKey': ed.publicKey,
  'tokens#previousPublicKey': ed.publicKey,
  'tokens#refreshSecret': '8f0c4a1be27d935600fa7e31cc8b24d9',
  'tokens#setupToken': '3e9b70d2c85f416a9d17b04ef26c8a53',
  'media-keys#keyPairId': 'K2EXAMPLE1',
  'media-keys#privateKey': ec.privateKey,
  'media-keys#nextKeyPairId': 'K2EXAMPLE2',
  'media-keys#nextPrivateKey': ec.privateKey,
  'database#username': 'freshet',
  'database#password': 'b7Kq2ZxT9mWc4RvN8sLd'
}
const resolved = (value: unknown): string => {
  if (typeof value === 'string') return value
  const parts = at(value, 'Fn::Join', 1)
  if (Array.isArray(parts)) return parts.map(resolved).join('')
  if (at(value, 'Fn::GetAtt', 1) === 'Endpoint.Address') return 'freshet.c0example.us-east-1.rds.amazonaws.com'
  throw new Error(`nothing stands in for ${JSON.stringify(value)}`)
}
const userDataOf = (template: StackTemplate) => new Map(resourcesOf(template, 'AWS::EC2::LaunchTemplate').map(({ Properties }) => {
  const text = resolved(at(Properties, 'LaunchTemplateData', 'UserData', 'Fn::Base64'))
  return [parseUserData(text).get('FRESHET_ROLE') ?? '', text]
}))
const settingsOf = (userData: string, stage: string) => Object.fromEntries([...parseUserData(userData)].map(([name, value]) => {
  const reference = /^aws-secret:freshet\/([a-z]+)\/(.+)$/.exec(value)
  if (reference === null) return [name, value]
  t.equal(reference[1], stage)
  const secret = secrets[reference[2] ?? '']
  if (secret === undefined) throw new Error(`${name} names ${value}, which nobody fills in`)
  return [name, secret]
}))

t.test('the image can read the user data of every fleet, and Freshet starts with it in production', async (t) => {
  for (const { place: { stage, region, isPrimary }, template, name } of regional) {
    const fleets = userDataOf(template)
    t.strictSame([...fleets.keys()].sort(), ['web', 'worker'], name)
    for (const userData of fleets.values()) {
      const config = readConfig(settingsOf(userData, stage.stage))
      t.equal(config.production, true)
      t.equal(config.stage, stage.stage)
      t.match(config, { metrics: { emf: true }, queue: { kind: 'sqs' }, storage: { kind: 's3', region: stage.primary.name }, cdn: { kind: 'cloudfront', mediaUrl: `https://${stage.domain}` }, database: { tls: 'rds' } })
      t.equal(config.database.replicaUrl !== undefined, region.readReplica || !isPrimary, 'browsing reads the replica nearby')
      t.strictSame(config.http.trustProxy.length, region.zones.length, 'only the load balancer’s subnets are believed')
    }
  }
})

t.test('while keys are replaced, both are handed out', async (t) => {
  const stage = productionVariants['while keys are being replaced']
  if (stage === undefined) throw new Error('no such variant')
  const { templates } = synthesiseAside([stage])
  const userData = userDataOf(templates.get('freshet-production-us-east-1') ?? { Resources: {} }).get('web') ?? ''
  const config = readConfig(settingsOf(userData, 'production'))
  t.equal(config.cdn.next?.keyPairId, 'K2EXAMPLE2')
  t.equal(config.jwtOtherKeys.length, 2)
  const edge = templates.get('freshet-production-edge') ?? { Resources: {} }
  t.equal(resourcesOf(edge, 'AWS::CloudFront::PublicKey').length, 2)
  const accepted = resourcesOf(templates.get('freshet-production-us-east-1') ?? { Resources: {} }, 'AWS::ElasticLoadBalancingV2::ListenerRule').map(({ Properties }) => at(Properties, 'Conditions', 0, 'HttpHeaderConfig', 'Values'))
  t.equal(accepted.flat().length, 2, 'load balancers know both headers before CloudFront sends the new one')
})

t.test('user data holds references to secrets, never a secret', async (t) => {
  const secretSettings = ['DATABASE_PASSWORD', 'CDN_PRIVATE_KEY', 'CDN_NEXT_PRIVATE_KEY', 'JWT_PRIVATE_KEY', 'REFRESH_SECRET', 'SETUP_TOKEN', 'UPLOAD_SECRET']
  for (const { template } of regional) {
    for (const userData of userDataOf(template).values()) {
      t.notMatch(userData, /PRIVATE KEY|resolve:secretsmanager/)
      for (const [name, value] of parseUserData(userData)) if (secretSettings.includes(name)) t.match(value, /^aws-secret:/, name)
    }
  }
})

t.test('a role may do named things to named resources', async (t) => {
  for (const [name, template] of templates) {
    const documents = [
      ...['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::Role'].flatMap((type) => resourcesOf(template, type))
    ].flatMap(({ id, Properties }) => [at(Properties, 'PolicyDocument'), at(Properties, 'Policies')].flat().map((document) => ({ id, document: at(document, 'PolicyDocument') ?? document })))
    for (const { id, document } of documents) {
      const statements = [at(document, 'Statement') ?? []].flat()
      for (const statement of statements) {
        const actions = [at(statement, 'Action')].flat()
        t.ok(actions.length > 0 && actions.every((action) => typeof action === 'string' && !action.includes('*')), `${name} ${id}: ${String(actions)}`)
        for (const resource of [at(statement, 'Resource')].flat()) t.not(resource, '*', `${name} ${id}`)
        t.equal(at(statement, 'NotAction') ?? at(statement, 'NotResource'), undefined)
      }
    }
  }
})

t.test('each fleet has a role of its own, and the web fleet can’t touch what is kept', async (t) => {
  for (const { template } of regional) {
    const policies = resourcesOf(template, 'AWS::IAM::ManagedPolicy')
    const web = JSON.stringify(policies.find(({ id }) => id.startsWith('WebTemplate'))?.Properties)
    const worker = JSON.stringify(policies.find(({ id }) => id.startsWith('WorkerTemplate'))?.Properties)
    t.notMatch(web, /originals\/|media\/\*|ReceiveMessage/)
    t.match(worker, /originals\/.*sqs:ReceiveMessage/)
    t.notMatch(web + worker, /-originals-/, 'no fleet reaches the vault')
  }
})

const policiesOf = (template: StackTemplate, type: string) => resourcesOf(template, 'AWS::AutoScaling::ScalingPolicy').filter(({ Properties }) => at(Properties, 'PolicyType') === type)

t.test('latency only ever adds instances', async (t) => {
  for (const { template } of regional) {
    const [step, ...more] = policiesOf(template, 'StepScaling')
    t.equal(more.length, 0)
    const steps = at(step?.Properties, 'StepAdjustments')
    if (!Array.isArray(steps)) throw new Error('no steps')
    t.ok(steps.every((one) => Number(at(one, 'ScalingAdjustment')) > 0 && Number(at(one, 'MetricIntervalLowerBound')) >= 0))
    t.equal(at(steps[0], 'MetricIntervalLowerBound'), 0, 'the first step begins at the threshold')
    t.ok(steps.slice(1).every((one, index) => at(one, 'MetricIntervalLowerBound') === at(steps[index], 'MetricIntervalUpperBound')), 'without a gap')
    t.equal(at(steps.at(-1), 'MetricIntervalUpperBound'), undefined)
    t.equal(at(step?.Properties, 'MinAdjustmentMagnitude'), scaling.web.latencyStepAtLeast)
    const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm').filter(({ Properties }) => JSON.stringify(at(Properties, 'AlarmActions')).includes(String(step?.id)))
    t.equal(alarms.length, 1)
    t.match(alarms[0]?.Properties, { MetricName: 'TargetResponseTime', ExtendedStatistic: 'p95', Period: 60, TreatMissingData: 'notBreaching', ComparisonOperator: 'GreaterThanThreshold' })
  }
})

t.test('processor load and requests keep the number right and bring it down; jobs decide about workers', async (t) => {
  for (const { place, template } of regional) {
    const tracking = policiesOf(template, 'TargetTrackingScaling').map(({ Properties }) => at(Properties, 'TargetTrackingConfiguration'))
    const predefined = (type: string) => tracking.find((one) => at(one, 'PredefinedMetricSpecification', 'PredefinedMetricType') === type)
    t.equal(at(predefined('ASGAverageCPUUtilization'), 'TargetValue'), scaling.web.cpuPercent)
    t.equal(at(predefined('ALBRequestCountPerTarget'), 'TargetValue'), scaling.web.requestsPerMinutePerInstance)
    t.ok(tracking.every((one) => at(one, 'DisableScaleIn') !== true))
    const custom = tracking.filter((one) => at(one, 'CustomizedMetricSpecification') !== undefined)
    t.equal(custom.length, place.isPrimary ? 1 : 0, 'workers elsewhere stand ready and do nothing')
    if (place.isPrimary) t.equal(at(custom[0], 'TargetValue'), scaling.worker.backlogPerWorker)
  }
})

t.test('a web instance has a process for each of its processors', async (t) => {
  for (const { place, template } of regional) {
    t.equal(parseUserData(userDataOf(template).get('web') ?? '').get('WEB_PROCESSES'), String(place.stage.webProcesses))
    t.equal(place.stage.webProcesses, instanceType(place.stage.webInstance).vcpus)
  }
})

t.test('a refresh keeps the whole fleet in service and is rolled back by alarms', async (t) => {
  for (const { place, template } of regional) {
    const web = resourcesOf(template, 'AWS::AutoScaling::AutoScalingGroup').find(({ id }) => id.startsWith('WebFleet'))
    t.match(web?.UpdatePolicy, { AutoScalingInstanceRefresh: { Strategy: 'Rolling', Preferences: { MinHealthyPercentage: 100, MaxHealthyPercentage: 150 } } })
    t.match(JSON.stringify(at(web?.UpdatePolicy, 'AutoScalingInstanceRefresh', 'Preferences', 'AlarmSpecification')), /deployerrors.*nohealthyinstances/)
    t.match(web?.Properties, { HealthCheckType: 'ELB', MinSize: String(place.region.web.min), MaxSize: String(place.region.web.max), InstanceMaintenancePolicy: { MinHealthyPercentage: 100 } })
    const worker = resourcesOf(template, 'AWS::AutoScaling::AutoScalingGroup').find(({ id }) => id.startsWith('WorkerFleet'))
    t.match(worker?.Properties, { CapacityRebalance: true, MixedInstancesPolicy: { InstancesDistribution: { OnDemandPercentageAboveBaseCapacity: 0 } } })
    t.ok(place.isPrimary || at(worker?.Properties, 'MinSize') === '0')
  }
})
