import type { settings } from '../src/config.ts'
import type { Database } from './constructs/database.ts'
import { type Network, postgresPort } from './constructs/network.ts'
import { mediaBucketName, type Place, queueUrl, secretName } from './place.ts'

/** Settings by their names in src/config.ts: one that is misspelt doesn't compile. */
export type InstanceSettings = Partial<Record<keyof typeof settings, string>>

/** The parts of the region that instances are told of. */
export interface Surroundings {
  readonly network: Network
  readonly database: Database
}

/** The settings of an instance. Secrets are named, never contained: each instance reads them with its role. */
export function instanceSettings (place: Place, role: 'web' | 'worker', { network, database }: Surroundings): InstanceSettings {
  const { stage, region } = place
  const mediaKeys = secretName(stage, 'media-keys')
  const tokens = secretName(stage, 'tokens')
  return {
    NODE_ENV: 'production',
    FRESHET_ROLE: role,
    STAGE: stage.stage,
    ORGANISATION: stage.organisation,
    HOST: '0.0.0.0',
    PORT: '3000',
    ...(role === 'web' ? { WEB_PROCESSES: String(stage.webProcesses) } : {}),
    PUBLIC_URL: `https://${stage.domain}`,
    TRUST_PROXY: network.vpc.publicSubnets.map(({ ipv4CidrBlock }) => ipv4CidrBlock).join(','),
    DATA_DIR: '/var/lib/freshet',
    AWS_REGION: region.name,
    INSTANCE_METADATA_URL: 'http://169.254.169.254',
    METRICS_EMF: 'true',
    ...databaseSettings(place, database),
    STORAGE: 's3',
    S3_BUCKET: mediaBucketName(stage, stage.primary.name),
    S3_REGION: stage.primary.name,
    QUEUE: 'sqs',
    SQS_QUEUE_URL: queueUrl(stage, 'jobs'),
    SQS_DEAD_LETTER_QUEUE_URL: queueUrl(stage, 'dead-letters'),
    MEDIA_URL: `https://${stage.domain}`,
    CDN_KEY_PAIR_ID: `aws-secret:${mediaKeys}#keyPairId`,
    CDN_PRIVATE_KEY: `aws-secret:${mediaKeys}#privateKey`,
    ...(stage.mediaKeys.next === undefined
      ? {}
      : { CDN_NEXT_KEY_PAIR_ID: `aws-secret:${mediaKeys}#nextKeyPairId`, CDN_NEXT_PRIVATE_KEY: `aws-secret:${mediaKeys}#nextPrivateKey` }),
    JWT_PRIVATE_KEY: `aws-secret:${tokens}#privateKey`,
    REFRESH_SECRET: `aws-secret:${tokens}#refreshSecret`,
    SETUP_TOKEN: `aws-secret:${tokens}#setupToken`,
    ...(stage.tokenKeys?.includes('nextPublicKey') === true ? { JWT_NEXT_PUBLIC_KEY: `aws-secret:${tokens}#nextPublicKey` } : {}),
    ...(stage.tokenKeys?.includes('previousPublicKey') === true ? { JWT_PREVIOUS_PUBLIC_KEY: `aws-secret:${tokens}#previousPublicKey` } : {})
  }
}

/** The writer, wherever it is, and the replica nearby. */
function databaseSettings ({ stage, isPrimary }: Place, { instance, replica }: Database): InstanceSettings {
  const secret = `aws-secret:${secretName(stage, 'database')}`
  const at = (host: string) => `postgres://${host}:${postgresPort}/freshet`
  const here = instance.attrEndpointAddress
  const writer = isPrimary ? here : stage.primaryOutputs?.databaseHost
  if (writer === undefined) throw new Error('A region beside the primary needs primaryOutputs; placesOf leaves it out without them')
  const reader = isPrimary ? replica?.attrEndpointAddress : here
  return {
    DATABASE_URL: at(writer),
    ...(reader === undefined ? {} : { DATABASE_REPLICA_URL: at(reader) }),
    DATABASE_USER: `${secret}#username`,
    DATABASE_PASSWORD: `${secret}#password`,
    DATABASE_TLS: 'rds',
    DATABASE_POOL: String(stage.database.connectionsPerProcess)
  }
}

/** The user data of an instance: lines of `NAME=value`. */
export function userDataOf (values: InstanceSettings): string {
  return Object.entries(values).map(([name, value]) => `${name}=${value}\n`).join('')
}
