import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { removal } from '../durability.ts'
import { databaseUser, secretName } from '../place.ts'
import type { StageSettings } from '../settings.ts'

/**
 * The secrets that all regions share, with a copy in each. The two of keys hold a placeholder until an operator puts the
 * keys in (docs/operations.md): nobody's template ever holds a private key.
 */
export class EdgeSecrets extends Construct {
  /** By generation: what CloudFront sends so that load balancers know it. */
  readonly originHeaders: ReadonlyMap<number, Secret>

  constructor (scope: Construct, id: string, { stage }: { readonly stage: StageSettings }) {
    super(scope, id)
    const replicaRegions = [stage.primary, ...stage.others].filter(({ name }) => name !== 'us-east-1').map(({ name }) => ({ region: name }))
    const common = { replicaRegions, removalPolicy: removal(stage) }
    new Secret(this, 'Tokens', { ...common, secretName: secretName(stage, 'tokens'), description: 'JSON: privateKey, an Ed25519 key as PEM, signs access tokens; refreshSecret and setupToken, random text; while one replaces another nextPublicKey or previousPublicKey' })
    new Secret(this, 'MediaKeys', { ...common, secretName: secretName(stage, 'media-keys'), description: 'JSON: keyPairId and privateKey (PEM) sign media addresses; while one replaces another nextKeyPairId and nextPrivateKey' })
    new Secret(this, 'Database', {
      ...common,
      secretName: secretName(stage, 'database'),
      description: 'User and password of the database',
      generateSecretString: { secretStringTemplate: JSON.stringify({ username: databaseUser }), generateStringKey: 'password', passwordLength: 40, excludePunctuation: true }
    })
    this.originHeaders = new Map(stage.originHeader.accepted.map((generation) => [generation, new Secret(this, `OriginHeader${generation}`, {
      ...common,
      secretName: secretName(stage, `origin-header-${generation}`),
      description: 'What CloudFront sends so that load balancers know it',
      generateSecretString: { passwordLength: 48, excludePunctuation: true }
    })]))
  }
}
