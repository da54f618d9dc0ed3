import { CfnDeletionPolicy, CfnOutput, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as rds from 'aws-cdk-lib/aws-rds'
import { Construct } from 'constructs'
import { logRetention, removal } from '../durability.ts'
import { databaseIdentifier, databaseUser, type Place, secretName, stageName } from '../place.ts'
import type { RegionName, StageSettings } from '../settings.ts'
import { type Network, postgresPort } from './network.ts'

const engine = { engine: 'postgres', engineVersion: '18', parameterFamily: 'postgres18' }

const exportedLogs = ['postgresql', 'upgrade']

export interface DatabaseProps {
  readonly place: Place
  readonly network: Network
  readonly logKey: kms.IKey
}

/**
 * Postgres. In the primary region the writer, and a replica where the stage has one; elsewhere a replica of the
 * writer, under the logical id that the writer has here, so that fail-over makes it one in place.
 */
export class Database extends Construct {
  readonly instance: rds.CfnDBInstance
  readonly replica: rds.CfnDBInstance | undefined
  readonly #place: Place
  readonly #key: kms.Key
  readonly #common: rds.CfnDBInstanceProps

  constructor (scope: Construct, id: string, { place, network, logKey }: DatabaseProps) {
    super(scope, id)
    this.#place = place
    const { stage, region, isPrimary } = place
    this.#key = new kms.Key(this, 'Key', { description: `Database of ${stageName(stage)}`, enableKeyRotation: true, removalPolicy: removal(stage) })
    this.#common = this.#commonProps(network)
    this.instance = this.#instanceOf(place)
    this.replica = isPrimary && region.readReplica ? this.#replicaHere() : undefined
    for (const instance of [this.instance, this.replica]) {
      if (instance === undefined) continue
      protect(instance, stage)
      this.#boundLogs(instance, logKey)
    }
    if (isPrimary) new CfnOutput(this, 'Host', { value: this.instance.attrEndpointAddress, description: 'primaryOutputs.databaseHost in infra/settings.ts' }).overrideLogicalId('DatabaseHost')
  }

  #commonProps (network: Network): rds.CfnDBInstanceProps {
    const { stage } = this.#place
    const monitoringRole = new iam.Role(this, 'MonitoringRole', {
      assumedBy: new iam.ServicePrincipal('monitoring.rds.amazonaws.com'),
      managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonRDSEnhancedMonitoringRole')]
    })
    const subnets = new rds.CfnDBSubnetGroup(this, 'Subnets', {
      dbSubnetGroupDescription: 'Subnets without a route to anywhere else',
      subnetIds: network.vpc.selectSubnets(network.subnets('isolated')).subnetIds
    })
    const parameters = new rds.CfnDBParameterGroup(this, 'Parameters', {
      family: engine.parameterFamily,
      description: `Postgres of ${stageName(stage)}`,
      parameters: {
        'rds.force_ssl': '1',
        max_connections: String(stage.database.maxConnections),
        log_min_duration_statement: '500',
        // A standby that has fallen behind waits for its readers no longer than this.
        max_standby_streaming_delay: '30000',
        hot_standby_feedback: '1',
        idle_in_transaction_session_timeout: '60000'
      }
    })
    return {
      dbInstanceClass: stage.database.instanceClass,
      dbSubnetGroupName: subnets.ref,
      dbParameterGroupName: parameters.ref,
      vpcSecurityGroups: [network.databaseGroup.securityGroupId],
      port: String(postgresPort),
      publiclyAccessible: false,
      storageType: 'gp3',
      maxAllocatedStorage: stage.database.databaseMaxStorageGiB,
      deletionProtection: stage.durable,
      copyTagsToSnapshot: true,
      autoMinorVersionUpgrade: true,
      caCertificateIdentifier: 'rds-ca-rsa2048-g1',
      enablePerformanceInsights: true,
      performanceInsightsKmsKeyId: this.#key.keyArn,
      performanceInsightsRetentionPeriod: 7,
      monitoringInterval: 60,
      monitoringRoleArn: monitoringRole.roleArn,
      enableCloudwatchLogsExports: exportedLogs
    }
  }

  /** Where there is no group yet RDS makes one, and that keeps its lines for ever. */
  #boundLogs (instance: rds.CfnDBInstance, encryptionKey: kms.IKey): void {
    const { stage } = this.#place
    for (const log of exportedLogs) {
      const group = new logs.LogGroup(this, `${instance.node.id}-${log}`, {
        logGroupName: `/aws/rds/instance/${instance.dbInstanceIdentifier}/${log}`, retention: logRetention(stage), encryptionKey, removalPolicy: removal(stage)
      })
      instance.node.addDependency(group)
    }
  }

  #instanceOf ({ isPrimary, region, stage }: Place): rds.CfnDBInstance {
    if (!isPrimary) return this.#replicaOf(stage.primary.name)
    return region.databaseWasReplicaOf === undefined ? this.#writer() : this.#promoted(region.databaseWasReplicaOf)
  }

  #writer (): rds.CfnDBInstance {
    const { stage } = this.#place
    return new rds.CfnDBInstance(this, 'Instance', {
      ...this.#common,
      engine: engine.engine,
      engineVersion: engine.engineVersion,
      dbInstanceIdentifier: databaseIdentifier(stage),
      dbName: 'freshet',
      allocatedStorage: String(stage.database.storageGiB),
      storageEncrypted: true,
      kmsKeyId: this.#key.keyArn,
      multiAz: stage.database.multiAz,
      backupRetentionPeriod: stage.database.backupDays,
      preferredBackupWindow: '03:00-04:00',
      preferredMaintenanceWindow: 'sun:04:30-sun:05:30',
      masterUsername: databaseUser,
      // A secret of ours (edge-secrets.ts): RDS manages no password where there are read replicas of Postgres.
      masterUserPassword: `{{resolve:secretsmanager:${secretName(stage, 'database')}:SecretString:password}}`
    })
  }

  #replicaHere (): rds.CfnDBInstance {
    const { stage } = this.#place
    return new rds.CfnDBInstance(this, 'Replica', {
      ...this.#common,
      dbInstanceIdentifier: `${databaseIdentifier(stage)}-replica`,
      sourceDbInstanceIdentifier: this.instance.ref
    })
  }

  #replicaOf (source: RegionName): rds.CfnDBInstance {
    const { partition, account } = Stack.of(this)
    const sourceDbInstanceIdentifier = `arn:${partition}:rds:${source}:${account}:db:${databaseIdentifier(this.#place.stage)}`
    return new rds.CfnDBInstance(this, 'Instance', { ...this.#replicaProps(source), sourceDbInstanceIdentifier })
  }

  /** A replica that no longer names its source is made a writer; another change to it would be a new, empty database. */
  #promoted (formerSource: RegionName): rds.CfnDBInstance {
    return new rds.CfnDBInstance(this, 'Instance', this.#replicaProps(formerSource))
  }

  #replicaProps (sourceRegion: RegionName): rds.CfnDBInstanceProps {
    const { stage } = this.#place
    return {
      ...this.#common,
      dbInstanceIdentifier: databaseIdentifier(stage),
      sourceRegion,
      kmsKeyId: this.#key.keyArn,
      // A fail-over finds a writer that is backed up from its first minute, with its standby.
      multiAz: stage.database.multiAz,
      backupRetentionPeriod: stage.database.backupDays
    }
  }
}

function protect (instance: rds.CfnDBInstance, { durable }: StageSettings): void {
  const isReplica = instance.sourceDbInstanceIdentifier !== undefined
  const policy = durable && !isReplica ? CfnDeletionPolicy.SNAPSHOT : CfnDeletionPolicy.DELETE
  instance.cfnOptions.deletionPolicy = policy
  instance.cfnOptions.updateReplacePolicy = policy
}
