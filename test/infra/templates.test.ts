import t from 'tap'
import { placesOf, stageName } from '../../infra/place.ts'
import { joinedStages as stages, productionVariants } from '../../infra/variants.ts'
import { changesSinceFreeze, statefulTypes } from '../../infra/stateful.ts'
import type { Resource, StackTemplate } from '../../infra/synthesise.ts'
import { at, resourcesOf, synthesiseAside } from './synthesised.ts'

const { templates } = synthesiseAside(Object.values(stages))
const template = (name: string): StackTemplate => {
  const found = templates.get(name)
  if (found === undefined) throw new Error(`no template ${name}`)
  return found
}
const regional = Object.values(stages).flatMap((stage) => placesOf(stage).map((place) => ({ place, name: `${stageName(stage)}-${place.region.name}`, template: template(`${stageName(stage)}-${place.region.name}`) })))
const only = (template: StackTemplate, type: string, idPart = ''): Resource => {
  const [one, ...more] = resourcesOf(template, type).filter(({ id }) => id.includes(idPart))
  if (one === undefined || more.length > 0) throw new Error(`not exactly one ${type} ${idPart}`)
  return one
}

t.test('production has one edge and three regions, dev one small region', async (t) => {
  t.strictSame([...templates.keys()].filter((name) => name.startsWith('freshet-production')).sort(), ['freshet-production-ap-southeast-2', 'freshet-production-edge', 'freshet-production-eu-west-1', 'freshet-production-us-east-1'])
  t.strictSame([...templates.keys()].filter((name) => name.startsWith('freshet-dev')).sort(), ['freshet-dev-edge', 'freshet-dev-us-east-1'])
})

t.test('no resource that holds state has changed its logical id', async (t) => {
  t.strictSame(changesSinceFreeze(templates), [], 'npm run infra:check -- --freeze accepts what is meant so')
  const moved = new Map(templates).set('freshet-dev-us-east-1', { Resources: { Another: { Type: 'AWS::S3::Bucket' } } })
  const found = changesSinceFreeze(moved)
  t.ok(found.some((line) => line.includes('AWS::RDS::DBInstance') && line.includes('is gone')))
  t.ok(found.some((line) => line.includes('Another is new')))
})

t.test('no log is kept for ever, and no service makes a log of its own that would be', async (t) => {
  for (const { name, template } of regional) {
    const groups = resourcesOf(template, 'AWS::Logs::LogGroup')
    for (const { id, Properties } of groups) t.ok(Number(at(Properties, 'RetentionInDays')) > 0, `${name} ${id}`)
    for (const { id, Properties, DependsOn = [] } of resourcesOf(template, 'AWS::RDS::DBInstance')) {
      const folder = `/aws/rds/instance/${String(at(Properties, 'DBInstanceIdentifier'))}`
      for (const log of at(Properties, 'EnableCloudwatchLogsExports') as string[]) {
        const group = groups.find((group) => at(group.Properties, 'LogGroupName') === `${folder}/${log}`)
        t.ok(group !== undefined && [DependsOn].flat().includes(group.id), `${name} ${id}: its ${log} is there before it`)
      }
    }
  }
})

t.test('production keeps what holds state when a stack is deleted', async (t) => {
  for (const [name, { Resources }] of templates) {
    if (!name.startsWith('freshet-production')) continue
    const kept = Object.entries(Resources).filter(([, { Type }]) => statefulTypes.includes(Type) && !['AWS::EC2::VPC', 'AWS::CloudFront::Distribution'].includes(Type))
    for (const [id, { Type, DeletionPolicy, Properties }] of kept) {
      const isReplica = at(Properties, 'SourceDBInstanceIdentifier') !== undefined
      t.equal(DeletionPolicy, Type !== 'AWS::RDS::DBInstance' ? 'Retain' : isReplica ? 'Delete' : 'Snapshot', `${name} ${id}`)
    }
  }
})

t.test('nobody can reach a database but the fleets', async (t) => {
  for (const { name, template } of regional) {
    const databases = resourcesOf(template, 'AWS::RDS::DBInstance')
    t.ok(databases.length > 0)
    for (const { id, Properties } of databases) t.equal(at(Properties, 'PubliclyAccessible'), false, `${name} ${id}`)
    const subnets = at(only(template, 'AWS::RDS::DBSubnetGroup').Properties, 'SubnetIds')
    t.ok(Array.isArray(subnets) && subnets.length >= 2 && subnets.every((subnet) => String(at(subnet, 'Ref')).includes('isolated')), name)
    const ways = resourcesOf(template, 'AWS::EC2::Route').filter(({ Properties }) => String(at(Properties, 'RouteTableId', 'Ref')).includes('isolated'))
    t.ok(ways.every(({ Properties }) => /^10[.]2[0-9][.]0[.]0\/16$/.test(String(at(Properties, 'DestinationCidrBlock')))), 'no route but to our own networks')
    const entries = [...resourcesOf(template, 'AWS::EC2::SecurityGroupIngress'), ...resourcesOf(template, 'AWS::EC2::SecurityGroup').map(({ Properties }) => at(Properties, 'SecurityGroupIngress') ?? [])]
    t.notMatch(JSON.stringify(entries), /0[.]0[.]0[.]0\/0|::\/0/, 'nothing of ours is open to everybody')
  }
})

t.test('the writer is encrypted, backed up, spoken to by TLS only, and in two zones where it matters', async (t) => {
  for (const { place: { stage, isPrimary }, template } of regional) {
    const instance = only(template, 'AWS::RDS::DBInstance', 'DatabaseInstance').Properties
    t.equal(at(only(template, 'AWS::RDS::DBParameterGroup').Properties, 'Parameters', 'rds.force_ssl'), '1')
    if (!isPrimary) {
      t.match(JSON.stringify(at(instance, 'SourceDBInstanceIdentifier')), new RegExp(`:rds:us-east-1:${stages.production.account}:db:freshet-production"`))
      t.equal(at(instance, 'SourceRegion'), 'us-east-1')
      t.ok(at(instance, 'KmsKeyId'))
      continue
    }
    t.equal(at(instance, 'StorageEncrypted'), true)
    t.equal(at(instance, 'BackupRetentionPeriod'), stage.database.backupDays)
    t.equal(at(instance, 'MultiAZ'), stage.stage !== 'dev')
    t.match(at(instance, 'MasterUserPassword'), /^\{\{resolve:secretsmanager:.*password\}\}$/)
  }
})

t.test('a fail-over promotes the replica in place: nothing changes that would make a new database', async (t) => {
  const after = productionVariants['after a fail-over to eu-west-1']
  if (after === undefined) throw new Error('no such variant')
  const taken = synthesiseAside([after]).templates.get('freshet-production-eu-west-1') ?? { Resources: {} }
  const [before, promoted] = [template('freshet-production-eu-west-1'), taken].map((one) => only(one, 'AWS::RDS::DBInstance', 'DatabaseInstance').Properties ?? {})
  t.equal(at(promoted, 'SourceDBInstanceIdentifier'), undefined)
  t.ok(at(before, 'SourceDBInstanceIdentifier'))
  t.strictSame({ ...before, SourceDBInstanceIdentifier: undefined }, { ...promoted, SourceDBInstanceIdentifier: undefined }, 'and nothing else')
  const kept = (one: StackTemplate) => Object.entries(one.Resources).filter(([, { Type }]) => /Subnet$|VPC$|S3::Bucket$|KMS::Key$|SQS::Queue$|DBSubnetGroup$/.test(Type)).map(([id]) => id)
  t.strictSame(kept(template('freshet-production-eu-west-1')).filter((id) => !kept(taken).includes(id)), [])
})

t.test('no bucket is open, and each refuses what comes without TLS', async (t) => {
  for (const [name, template] of templates) {
    const policies = JSON.stringify(resourcesOf(template, 'AWS::S3::BucketPolicy'))
    for (const { id, Properties } of resourcesOf(template, 'AWS::S3::Bucket')) {
      t.strictSame(at(Properties, 'PublicAccessBlockConfiguration'), { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true }, `${name} ${id}`)
      t.ok(policies.includes(`{"Ref":"${id}"}`) && policies.includes('aws:SecureTransport'))
    }
    const allowed = resourcesOf(template, 'AWS::S3::BucketPolicy').flatMap(({ Properties }) => at(Properties, 'PolicyDocument', 'Statement')).flat()
    for (const statement of allowed) if (at(statement, 'Effect') === 'Allow') t.not(at(statement, 'Principal', 'AWS'), '*')
  }
})

t.test('the media bucket keeps versions, tiers, tells the queue of arrivals, and is copied to a locked vault', async (t) => {
  for (const { place, template } of regional) {
    const bucket = only(template, 'AWS::S3::Bucket', 'MediaStore').Properties
    t.equal(at(bucket, 'VersioningConfiguration', 'Status'), 'Enabled')
    t.equal(at(bucket, 'BucketEncryption', 'ServerSideEncryptionConfiguration', 0, 'ServerSideEncryptionByDefault', 'SSEAlgorithm'), 'aws:kms')
    t.strictSame(at(bucket, 'NotificationConfiguration', 'QueueConfigurations', 0, 'Filter', 'S3Key', 'Rules', 0), { Name: 'prefix', Value: 'incoming/' })
    t.equal(at(bucket, 'LifecycleConfiguration', 'Rules', 0, 'AbortIncompleteMultipartUpload', 'DaysAfterInitiation'), 7)
    t.strictSame(at(bucket, 'CorsConfiguration', 'CorsRules', 0, 'AllowedMethods'), ['PUT'])
    t.strictSame(at(bucket, 'CorsConfiguration', 'CorsRules', 0, 'ExposedHeaders'), ['ETag'])
    const rules = at(bucket, 'ReplicationConfiguration', 'Rules')
    if (!place.isPrimary) {
      t.equal(rules, undefined)
      continue
    }
    t.equal(Array.isArray(rules) ? rules.length : 0, 1 + 2 * place.stage.others.length)
    t.equal(at(rules, 0, 'DeleteMarkerReplication', 'Status'), 'Disabled', 'what is deleted here stays in the vault')
    const vault = only(template, 'AWS::S3::Bucket', 'Vault').Properties
    t.equal(at(vault, 'ObjectLockConfiguration', 'Rule', 'DefaultRetention', 'Mode'), 'GOVERNANCE')
    t.equal(at(vault, 'ObjectLockConfiguration', 'Rule', 'DefaultRetention', 'Days'), place.stage.originalsLockedDays)
  }
})

t.test('queues are encrypted, and what fails again and again is put aside', async (t) => {
  for (const { template } of regional) {
    for (const { Properties } of resourcesOf(template, 'AWS::SQS::Queue')) t.ok(at(Properties, 'KmsMasterKeyId'))
    t.equal(at(only(template, 'AWS::SQS::Queue', 'JobQueueJobs').Properties, 'RedrivePolicy', 'maxReceiveCount'), 5)
    const sender = JSON.stringify(resourcesOf(template, 'AWS::SQS::QueuePolicy'))
    t.match(sender, /s3[.]amazonaws[.]com/)
  }
})

t.test('the load balancer lets in CloudFront only, by its networks and by the header that it sends', async (t) => {
  for (const { place, template } of regional) {
    const entries = resourcesOf(template, 'AWS::EC2::SecurityGroupIngress').filter(({ Properties }) => JSON.stringify(at(Properties, 'GroupId')).includes('LoadBalancerGroup'))
    t.match(entries.map(({ Properties }) => Properties), [{ FromPort: 443, ToPort: 443, SourcePrefixListId: /^pl-/ }])
    t.equal(entries.length, 1)
    t.equal(at(only(template, 'AWS::EC2::SecurityGroup', 'LoadBalancerGroup').Properties, 'SecurityGroupIngress'), undefined)
    t.equal(at(only(template, 'AWS::ElasticLoadBalancingV2::Listener').Properties, 'DefaultActions', 0, 'FixedResponseConfig', 'StatusCode'), '403')
    t.match(JSON.stringify(at(only(template, 'AWS::ElasticLoadBalancingV2::ListenerRule').Properties, 'Conditions')), /x-freshet-origin.*resolve:secretsmanager/)
    const attributes = JSON.stringify(at(only(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer').Properties, 'LoadBalancerAttributes'))
    t.match(attributes, /"access_logs.s3.enabled","Value":"true"/)
    t.match(attributes, /"idle_timeout.timeout_seconds","Value":"60"/)
    t.match(attributes, /"routing.http.xff_header_processing.mode","Value":"preserve"/)
    t.match(attributes, new RegExp(`"deletion_protection.enabled","Value":"${place.stage.durable}"`))
  }
})

t.test('targets are asked whether they are ready often enough for a drain of twelve seconds', async (t) => {
  for (const { template } of regional) {
    const targets = only(template, 'AWS::ElasticLoadBalancingV2::TargetGroup').Properties
    t.match(targets, { HealthCheckPath: '/readyz', HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 4, UnhealthyThresholdCount: 2, Port: 3000 })
    const attributes = JSON.stringify(at(targets, 'TargetGroupAttributes'))
    t.match(attributes, /"deregistration_delay.timeout_seconds","Value":"30"/)
    t.match(attributes, /least_outstanding_requests/)
  }
})

t.test('instances start with IMDSv2 alone, encrypted disks and the image of the stage', async (t) => {
  for (const { place, template } of regional) {
    const launches = resourcesOf(template, 'AWS::EC2::LaunchTemplate')
    t.equal(launches.length, 2)
    for (const { Properties } of launches) {
      const data = at(Properties, 'LaunchTemplateData')
      t.match(at(data, 'MetadataOptions'), { HttpTokens: 'required', HttpPutResponseHopLimit: 1 })
      t.equal(at(data, 'Monitoring', 'Enabled'), true)
      const disks = at(data, 'BlockDeviceMappings')
      t.ok(Array.isArray(disks) && disks.length === 2 && disks.every((disk) => at(disk, 'Ebs', 'Encrypted') === true))
      t.equal(at(template, 'Parameters', String(at(data, 'ImageId', 'Ref')), 'Default'), `/freshet/${place.stage.stage}/image`)
    }
  }
})

t.test('one address: media from the buckets by signature, everything else from the fleets', async (t) => {
  for (const stage of Object.values(stages)) {
    const config = at(only(template(`${stageName(stage)}-edge`), 'AWS::CloudFront::Distribution').Properties, 'DistributionConfig')
    t.equal(at(config, 'HttpVersion'), 'http2and3')
    t.strictSame(at(config, 'Aliases'), [stage.domain])
    t.equal(at(config, 'DefaultCacheBehavior', 'TrustedKeyGroups'), undefined)
    const behaviours = at(config, 'CacheBehaviors')
    if (!Array.isArray(behaviours)) throw new Error('no behaviours')
    for (const path of ['/media/*', '/originals/*']) {
      const behaviour = behaviours.find((one) => at(one, 'PathPattern') === path)
      t.ok(at(behaviour, 'TrustedKeyGroups', 0), `${path} is signed`)
      t.strictSame(at(behaviour, 'AllowedMethods') ?? ['GET', 'HEAD'], ['GET', 'HEAD'])
    }
    const origins = at(config, 'Origins')
    if (!Array.isArray(origins)) throw new Error('no origins')
    for (const origin of origins) t.ok(at(origin, 'OriginAccessControlId') ?? at(origin, 'CustomOriginConfig'), 'no bucket is read without access control')
    t.equal(at(config, 'OriginGroups', 'Quantity') ?? 0, stage.others.length > 0 ? 1 : 0)
    t.ok(at(config, 'WebACLId'))
  }
})

t.test('CloudFront keeps no error: its key would give one listener’s to everybody', async (t) => {
  const errors = at(only(template('freshet-production-edge'), 'AWS::CloudFront::Distribution').Properties, 'DistributionConfig', 'CustomErrorResponses')
  if (!Array.isArray(errors)) throw new Error('no rules for errors')
  t.strictSame(errors.map((one) => at(one, 'ErrorCode')), [400, 403, 404, 405, 414, 500, 501, 502, 503, 504])
  for (const one of errors) t.strictSame(Object.entries(one).filter(([name]) => name !== 'ErrorCode'), [['ErrorCachingMinTTL', 0]])
})

t.test('alarms and groups may publish to the topic and use its key', async (t) => {
  for (const [name, template] of templates) {
    const topic = [at(only(template, 'AWS::SNS::TopicPolicy').Properties, 'PolicyDocument', 'Statement')].flat()
    t.match(topic.find((one) => at(one, 'Effect') === 'Allow'), { Action: 'sns:Publish', Principal: { Service: 'cloudwatch.amazonaws.com' } }, name)
    const key = [at(only(template, 'AWS::KMS::Key', 'OperationsKey').Properties, 'KeyPolicy', 'Statement')].flat()
    t.ok(key.some((one) => at(one, 'Principal', 'Service') === 'cloudwatch.amazonaws.com'), name)
    const ofGroups = key.find((one) => at(one, 'Condition', 'ArnEquals', 'aws:PrincipalArn') !== undefined)
    t.match(ofGroups, { Principal: { AWS: '*' }, Condition: { StringEquals: { 'kms:CallerAccount': stages.production.account } } }, `${name}: granted by the key itself`)
  }
})

t.test('regions answer under one name, each while it is healthy', async (t) => {
  for (const { place, template } of regional) {
    const record = only(template, 'AWS::Route53::RecordSet').Properties
    t.match(record, { Name: `origin.${place.stage.domain}`, Region: place.region.name, AliasTarget: { EvaluateTargetHealth: true } })
    t.ok(at(record, 'HealthCheckId'))
    t.equal(at(only(template, 'AWS::Route53::HealthCheck').Properties, 'HealthCheckConfig', 'AlarmIdentifier', 'Name'), `${stageName(place.stage)}-${place.region.name}-no-healthy-instances`)
  }
})

t.test('a region without a way to the internet has endpoints for what its instances call', async (t) => {
  for (const { place, template } of regional) {
    const services = JSON.stringify(resourcesOf(template, 'AWS::EC2::VPCEndpoint').map(({ Properties }) => at(Properties, 'ServiceName')))
    for (const service of ['s3', 'sqs', 'secretsmanager', 'ssm', 'logs']) t.match(services, new RegExp(`[.]${service}"`), `${place.region.name} ${service}`)
    t.equal(resourcesOf(template, 'AWS::EC2::NatGateway').length > 0, !place.isPrimary)
    t.equal(resourcesOf(template, 'AWS::EC2::FlowLog').length, 1)
  }
})

t.test('pools leave connections of the database to spare when every fleet is at its largest', async (t) => {
  for (const stage of Object.values(stages)) {
    const regions = [stage.primary, ...stage.others]
    const processes = regions.reduce((sum, { web }) => sum + web.max * stage.webProcesses, 0) + stage.primary.worker.max
    t.ok(processes * stage.database.connectionsPerProcess <= 0.8 * stage.database.maxConnections, `${stage.stage}: ${processes} processes`)
  }
})

t.test('the trail is one, of all regions, with files whose change is found', async (t) => {
  const edge = template('freshet-production-edge')
  t.match(only(edge, 'AWS::CloudTrail::Trail').Properties, { IsMultiRegionTrail: true, EnableLogFileValidation: true })
  const key = [at(only(edge, 'AWS::KMS::Key', 'AuditTrailKey').Properties, 'KeyPolicy', 'Statement')].flat()
  const ofTrail = key.find((one) => at(one, 'Principal', 'Service') === 'cloudtrail.amazonaws.com')
  t.match(ofTrail, { Action: ['kms:GenerateDataKey', 'kms:DescribeKey'] }, 'which may use its key')
  t.match(JSON.stringify(at(ofTrail, 'Condition')), new RegExp(`:cloudtrail:us-east-1:${stages.production.account}:trail/freshet-production"`))
})
