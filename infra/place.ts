import { type RegionName, regionFacts, type RegionSettings, type StageSettings } from './settings.ts'

/** One region of one stage: what the constructs of its stack are handed. */
export interface Place {
  readonly stage: StageSettings
  readonly region: RegionSettings
  /** Where the writer, the queue in use and the busy workers are. */
  readonly isPrimary: boolean
}

/** The regions that can be deployed: those beside the primary need its outputs. */
export function placesOf (stage: StageSettings): Place[] {
  const regions = stage.primaryOutputs === undefined ? [stage.primary] : [stage.primary, ...stage.others]
  return regions.map((region) => ({ stage, region, isPrimary: region === stage.primary }))
}

/** What an operator has still to fill in after a deploy, a sentence each. */
export function missingSettings (stage: StageSettings): string[] {
  const name = stageName(stage)
  if (stage.others.length > 0 && stage.primaryOutputs === undefined) {
    return [`${name}: deploy ${name}-${stage.primary.name}, then set primaryOutputs; ${stage.others.map((other) => other.name).join(' and ')} are left out until then`]
  }
  return stage.others.filter((other) => other.peeringConnectionId === undefined).map((other) =>
    `${name}: deploy ${name}-${other.name}, then set its peeringConnectionId and deploy ${name}-${stage.primary.name} again; until then ${other.name} reaches no writer and gets no media`)
}

// Names that stacks of different regions must agree on before either exists.

/** Everything of a stage in one region bears this name. */
export function stageName ({ stage }: Pick<StageSettings, 'stage'>): string {
  return `freshet-${stage}`
}

export function mediaBucketName (stage: StageSettings, region: RegionName): string {
  return `${stageName(stage)}-media-${stage.account}-${region}`
}

export function mediaKeyAlias (stage: StageSettings): string {
  return `alias/${stageName(stage)}-media`
}

export function queueName (stage: StageSettings, kind: 'jobs' | 'dead-letters'): string {
  return `${stageName(stage)}-${kind}`
}

/** Address of the primary region's queue. */
export function queueUrl (stage: StageSettings, kind: 'jobs' | 'dead-letters'): string {
  return `https://sqs.${stage.primary.name}.amazonaws.com/${stage.account}/${queueName(stage, kind)}`
}

export function jobsKeyAlias (stage: StageSettings): string {
  return `alias/${stageName(stage)}-jobs`
}

/** Copies of the originals that nobody can delete before their time. */
export function vaultBucketName (stage: StageSettings, region: RegionName): string {
  return `${stageName(stage)}-originals-${stage.account}-${region}`
}

export const databaseUser = 'freshet'

/** Identifier of a region's database: the writer, or the replica that can be made one. */
export function databaseIdentifier (stage: StageSettings): string {
  return stageName(stage)
}

export function secretName (stage: StageSettings, secret: 'tokens' | 'media-keys' | 'database' | `origin-header-${number}`): string {
  return `freshet/${stage.stage}/${secret}`
}

/** Host name under which CloudFront asks the load balancers; Route 53 answers with the nearest healthy one. */
export function originHost (stage: StageSettings): string {
  return `origin.${stage.domain}`
}

export function alarmName (stage: StageSettings, region: string, id: string): string {
  return `${stageName(stage)}-${region}-${id}`
}

export function vpcCidr (region: RegionName): string {
  return regionFacts[region].cidr
}
