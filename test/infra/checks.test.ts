import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CfnResource } from 'aws-cdk-lib'
import type { App } from 'aws-cdk-lib'
import { CfnBucket } from 'aws-cdk-lib/aws-s3'
import t from 'tap'
import { differences } from '../../infra/differences.ts'
import { examplesLeft } from '../../infra/examples.ts'
import { missingSettings } from '../../infra/place.ts'
import { exampleAccount, exampleMediaKey, type StageSettings } from '../../infra/settings.ts'
import type { StackTemplate } from '../../infra/synthesise.ts'
import { joinedStages as stages, productionVariants } from '../../infra/variants.ts'
import { synthesiseAside } from './synthesised.ts'

/** Changes one property of the resource whose path ends so. */
const change = (path: string, property: string, value: unknown) => (app: App) => {
  const found = app.node.findAll().filter((one): one is CfnResource => one instanceof CfnResource && one.node.path.endsWith(path))
  if (found.length !== 1) throw new Error(`${found.length} resources end in ${path}`)
  for (const one of found) one.addPropertyOverride(property, value)
}

t.test('the validator and cdk-nag find nothing in any stage', async (t) => {
  t.strictSame(synthesiseAside(Object.values(stages), { checked: true }).findings, [])
})

t.test('they do find faults: of types, of values that only warn, of good practice', async (t) => {
  const faults = [
    change('/LoadBalancer/Web/Resource', 'HealthCheckIntervalSeconds', 'often'),
    change('/Alarms/queue-age/Resource', 'TreatMissingData', 'notBreeching'),
    change('/WebFleet/Latency', 'PolicyType', 'StairScaling'),
    change('/JobQueue/Jobs/Resource', 'VisibilityTimeout', 90_000),
    change('/Database/Instance', 'StorageEncrypted', false),
    // Of the nag's kind only; it looks at what is constructed, not at what is changed afterwards.
    (app: App) => { for (const stack of app.node.children) if (stack.node.id.endsWith('edge')) new CfnBucket(stack, 'Unguarded', {}) }
  ]
  const { findings } = synthesiseAside([stages.dev], { checked: true, plant: (app) => { for (const plant of faults) plant(app) } })
  for (const expected of [/HealthCheckIntervalSeconds/, /notBreeching|TreatMissingData/, /StairScaling|PolicyType/, /VisibilityTimeout|90000/, /StorageEncrypted/, /Unguarded.*AwsSolutions-S1:/, /Unguarded.*AwsSolutions-S10/]) {
    t.ok(findings.some((finding) => expected.test(finding)), String(expected))
  }
})

t.test('the command that compares with a commit makes the templates of both', async (t) => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../infra/diff.ts'), 'HEAD'])
  t.not(stdout, '')
})

t.test('an operator is told what a deploy has still to bring', async (t) => {
  const [before, joined] = ['before its first deploy', 'with a primary, before the others are joined'].map((name) => {
    const variant = productionVariants[name]
    if (variant === undefined) throw new Error(`no variant ${name}`)
    return missingSettings(variant)
  })
  t.match(before, [/set primaryOutputs/])
  t.match(joined, [/eu-west-1.*peeringConnectionId/, /ap-southeast-2.*peeringConnectionId/])
  t.strictSame(Object.values(stages).flatMap(missingSettings), [])
})

t.test('whoever fills in an account is told of every example that is left', async (t) => {
  const { production } = stages
  const example: StageSettings = {
    ...production,
    account: exampleAccount,
    domain: 'music.example.org',
    hostedZone: { id: 'Z1', name: 'example.org' },
    alarmEmail: 'a@example.org',
    mediaKeys: { current: exampleMediaKey },
    primaryOutputs: { vpcId: 'vpc-0aaaaaaaaaaaaaaa1', databaseHost: 'host' },
    others: production.others.map((other) => ({ ...other, peeringConnectionId: 'pcx-0aaaaaaaaaaaaaaa1' }))
  }
  t.strictSame(examplesLeft(example), [], 'the examples are sound as long as they are together')
  const begun = examplesLeft({ ...example, account: '222222222222' })
  t.match(begun, [/domain/, /hostedZone/, /alarmEmail/, /mediaKeys.current/, /primaryOutputs: take it out/, /peeringConnectionId of eu-west-1/, /peeringConnectionId of ap-southeast-2/])
  t.strictSame(examplesLeft({
    ...production,
    account: '222222222222',
    domain: 'music.choir.example',
    hostedZone: { id: 'Z1', name: 'choir.example' },
    alarmEmail: 'a@choir.example',
    mediaKeys: { current: 'another' },
    primaryOutputs: { vpcId: 'vpc-0123456789abcdef0', databaseHost: 'host' },
    others: []
  }), [])
})

t.test('a comparison of templates names what is new, gone and changed, and marks lost state', async (t) => {
  const stack = (Resources: StackTemplate['Resources']) => new Map([['stack', { Resources }]])
  const before = stack({ Kept: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: 'a' } }, Store: { Type: 'AWS::S3::Bucket' }, Gone: { Type: 'AWS::IAM::Role' } })
  const after = stack({ Kept: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: 'b' } }, New: { Type: 'AWS::IAM::Role' } })
  t.strictSame(differences(before, after), ['- stack Gone AWS::IAM::Role', '~ stack Kept Properties.DisplayName: "a" → "b"', '+ stack New AWS::IAM::Role', '! stack Store AWS::S3::Bucket'])
  t.strictSame(differences(after, after), [])
})
