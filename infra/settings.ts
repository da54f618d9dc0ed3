/** Regions that an installation may use, and what is true of each. */
export const regionFacts = {
  // originFacing: Amazon's list of the addresses from which CloudFront asks origins
  // (aws ec2 describe-managed-prefix-lists --filters Name=prefix-list-name,Values=com.amazonaws.global.cloudfront.origin-facing).
  'us-east-1': { cidr: '10.20.0.0/16', originFacing: 'pl-3b927c52' },
  'eu-west-1': { cidr: '10.21.0.0/16', originFacing: 'pl-4fa04526' },
  'ap-southeast-2': { cidr: '10.22.0.0/16', originFacing: 'pl-b8a742d1' }
} as const

export type RegionName = keyof typeof regionFacts
export type StageName = 'dev' | 'test' | 'production'

/** Whose installation it is. Everything that an operator has to fill in stands here and in `Joined`. */
export interface Installation {
  /** AWS account id, twelve digits. */
  readonly account: string
  /** Address of the service; `origin.<domain>` is the load balancers'. Both lie in the hosted zone. */
  readonly domain: string
  readonly hostedZone: { readonly id: string, readonly name: string }
  /** Shown in the web client. */
  readonly organisation: string
  /** Gets the alarms by mail once the address has been confirmed. */
  readonly alarmEmail: string
  /** Of the whole account, stages that share it included: Amazon’s metric of charges knows no stages. */
  readonly monthlyBudgetUsd: number
  /** PEM of the public halves of the keys that sign media addresses; `next` while one replaces another. */
  readonly mediaKeys: { readonly current: string, readonly next?: string }
  /** Set while one key for access tokens replaces another: the names of the two secrets' JSON keys that are filled in. */
  readonly tokenKeys?: ReadonlyArray<'nextPublicKey' | 'previousPublicKey'>
  /** Generations of the header by which load balancers know CloudFront: which are good, and which is sent. */
  readonly originHeader: { readonly accepted: readonly number[], readonly sent: number }
}

/** What the primary's first deploy has told (its outputs); the other regions need it. */
export interface PrimaryOutputs {
  readonly vpcId: string
  /** Host name of the writer. */
  readonly databaseHost: string
}

export interface RegionSettings {
  readonly name: RegionName
  /** Letters of the availability zones. */
  readonly zones: readonly string[]
  readonly web: { readonly min: number, readonly max: number }
  readonly worker: { readonly min: number, readonly max: number }
  /** A replica of the database that browse and search read. */
  readonly readReplica: boolean
  /**
   * Of a primary that has taken over: the region whose replica its writer was. CloudFormation promotes it in place, and
   * refuses to state anew what a writer states only when it is made.
   */
  readonly databaseWasReplicaOf?: RegionName
  /** Output of the region's own first deploy; the primary then opens the way back and copies media there. */
  readonly peeringConnectionId?: string
}

export interface StageSettings extends Installation {
  readonly stage: StageName
  readonly primary: RegionSettings
  /** Regions beside the primary: they answer listeners, and take over when the primary is lost. */
  readonly others: readonly RegionSettings[]
  /** Undefined until the primary has been deployed for the first time. */
  readonly primaryOutputs?: PrimaryOutputs
  readonly processor: 'x86_64' | 'arm64'
  readonly webInstance: string
  /** As many as `webInstance` has virtual processors: each process has one event loop. */
  readonly webProcesses: number
  /** Spot takes what is cheapest and least likely to be called back, so offer it several. */
  readonly workerInstances: readonly string[]
  readonly dataVolumeGiB: { readonly web: number, readonly worker: number }
  readonly database: {
    readonly instanceClass: string
    readonly multiAz: boolean
    readonly storageGiB: number
    readonly databaseMaxStorageGiB: number
    /** Set in the parameter group, so that alarms and pools have a figure to go by. */
    readonly maxConnections: number
    readonly connectionsPerProcess: number
    readonly backupDays: number
  }
  /** Keeps databases, buckets and keys when a stack is deleted, and refuses to delete what serves. */
  readonly durable: boolean
  /** Days in which nobody, not even an administrator by mistake, can delete the copy of an original. */
  readonly originalsLockedDays: number
  readonly logDays: 7 | 30 | 90
  /** Whether the account’s trail is made here: one stage of an account is enough. */
  readonly auditTrail: boolean
}

/** Nobody's. While it stands here, so may the other examples (examples.ts). */
export const exampleAccount = '111111111111'
export const exampleMediaKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEW4ezBET3RKCnfSFbOS1RU99HUm0e
GK4qaLoeerW/CMY5f7RHjfC8D6PQR/tmcZSbXXCPkaVI9BsGx9JzMgj/1w==
-----END PUBLIC KEY-----`

const installation = {
  account: exampleAccount,
  organisation: 'Freshet',
  hostedZone: { id: 'Z0123456789ABCDEFGHIJ', name: 'music.example.org' },
  alarmEmail: 'operators@example.org',
  mediaKeys: { current: exampleMediaKey },
  originHeader: { accepted: [1], sent: 1 }
} as const satisfies Partial<Installation>

const small = {
  processor: 'x86_64',
  webInstance: 't3.small',
  webProcesses: 2,
  workerInstances: ['c7i.large', 'c6i.large', 'm7i.large', 'm6i.large'],
  dataVolumeGiB: { web: 8, worker: 30 },
  logDays: 7
} as const satisfies Partial<StageSettings>

/** The stages. An operator changes the figures and fills in `installation`; see docs/operations.md. */
export const stages: Record<StageName, StageSettings> = {
  dev: {
    ...installation,
    ...small,
    stage: 'dev',
    domain: 'dev.music.example.org',
    monthlyBudgetUsd: 150,
    primary: { name: 'us-east-1', zones: ['a', 'b'], web: { min: 1, max: 2 }, worker: { min: 0, max: 1 }, readReplica: false },
    others: [],
    database: { instanceClass: 'db.t4g.micro', multiAz: false, storageGiB: 20, databaseMaxStorageGiB: 50, maxConnections: 100, connectionsPerProcess: 5, backupDays: 3 },
    durable: false,
    originalsLockedDays: 1,
    auditTrail: false
  },
  test: {
    ...installation,
    ...small,
    stage: 'test',
    domain: 'test.music.example.org',
    monthlyBudgetUsd: 500,
    primary: { name: 'us-east-1', zones: ['a', 'b', 'c'], web: { min: 2, max: 6 }, worker: { min: 1, max: 3 }, readReplica: true },
    others: [],
    database: { instanceClass: 'db.t4g.medium', multiAz: true, storageGiB: 20, databaseMaxStorageGiB: 100, maxConnections: 300, connectionsPerProcess: 10, backupDays: 7 },
    durable: false,
    originalsLockedDays: 1,
    auditTrail: false
  },
  production: {
    ...installation,
    stage: 'production',
    domain: 'music.example.org',
    monthlyBudgetUsd: 10_000,
    primary: { name: 'us-east-1', zones: ['a', 'b', 'c'], web: { min: 3, max: 30 }, worker: { min: 1, max: 20 }, readReplica: true },
    others: [
      { name: 'eu-west-1', zones: ['a', 'b', 'c'], web: { min: 2, max: 20 }, worker: { min: 0, max: 20 }, readReplica: true, peeringConnectionId: 'pcx-0aaaaaaaaaaaaaaa1' },
      { name: 'ap-southeast-2', zones: ['a', 'b', 'c'], web: { min: 2, max: 20 }, worker: { min: 0, max: 20 }, readReplica: true, peeringConnectionId: 'pcx-0aaaaaaaaaaaaaaa2' }
    ],
    primaryOutputs: { vpcId: 'vpc-0aaaaaaaaaaaaaaa1', databaseHost: 'freshet-production.c0example.us-east-1.rds.amazonaws.com' },
    processor: 'x86_64',
    webInstance: 'c7i.large',
    webProcesses: 2,
    workerInstances: ['c7i.large', 'c6i.large', 'c7a.large', 'm7i.large', 'm6i.large', 'c7i.xlarge'],
    dataVolumeGiB: { web: 8, worker: 50 },
    database: { instanceClass: 'db.r7g.large', multiAz: true, storageGiB: 100, databaseMaxStorageGiB: 1_000, maxConnections: 1_600, connectionsPerProcess: 6, backupDays: 30 },
    durable: true,
    originalsLockedDays: 30,
    logDays: 90,
    auditTrail: true
  }
}
