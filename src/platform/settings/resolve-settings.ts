import { ConfigError, settings } from '../../config.ts'
import type { AwsPlace, AwsValues } from './aws-values.ts'
import { readReference, ReferenceUnusableError, type SettingReference } from './setting-reference.ts'

const notFound = ['ResourceNotFoundException', 'ParameterNotFound', 'ParameterVersionNotFound']
const forbidden = ['AccessDeniedException', 'AccessDenied', 'UnrecognizedClientException', 'InvalidSignatureException', 'ExpiredTokenException', 'CredentialsProviderError', 'DecryptionFailure', 'InvalidKeyId']
const placeNames = ['AWS_REGION', 'AWS_ENDPOINT'] as const

/**
 * The environment with every setting that is a reference replaced by what it stands for. Other variables are left alone.
 * @throws ConfigError naming each setting whose reference leads nowhere, never a value
 */
export async function resolveSettings (env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const references = findReferences(env)
  if (references.length === 0) return env
  const place = { region: env['AWS_REGION'] || settings.AWS_REGION.fallback, endpoint: env['AWS_ENDPOINT'] || undefined }
  // Loaded where it is needed: at home nothing of AWS is.
  const { openAwsValues } = await import('./aws-values.ts')
  const values = openAwsValues(place)
  try {
    return { ...env, ...await readAll(references, values, place) }
  } finally {
    values.close()
  }
}

interface ReferringSetting {
  readonly setting: string
  readonly reference: SettingReference
}

function findReferences (env: NodeJS.ProcessEnv): ReferringSetting[] {
  const found = Object.keys(settings).flatMap((setting) => {
    const reference = readReference(env[setting] ?? '')
    return reference === undefined ? [] : [{ setting, reference }]
  })
  const misplaced = found.filter(({ setting }) => placeNames.some((name) => name === setting))
  if (misplaced.length > 0) throw new ConfigError(misplaced.map(({ setting }) => `${setting} can't be a reference: it says where references are looked up`))
  return found
}

async function readAll (references: readonly ReferringSetting[], values: AwsValues, place: AwsPlace): Promise<Record<string, string>> {
  const faults: string[] = []
  const texts = await Promise.all(references.map(async ({ setting, reference }) => {
    try {
      return [setting, await values.read(reference)] as const
    } catch (error) {
      faults.push(`${setting} refers to ${reference.text}, ${reasonOf(error, reference, place)}`)
      return [setting, ''] as const
    }
  }))
  if (faults.length > 0) throw new ConfigError(faults)
  return Object.fromEntries(texts)
}

function reasonOf (error: unknown, { kind }: SettingReference, { region }: AwsPlace): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  if (notFound.includes(name)) return `which does not exist in ${region}; check the name and AWS_REGION`
  if (forbidden.includes(name)) return `which this machine may not read (${message}); its role needs ${kind === 'secret' ? 'secretsmanager:GetSecretValue' : 'ssm:GetParameter'} and the use of its KMS key`
  if (error instanceof ReferenceUnusableError) return `which can't be used: ${message}`
  return `which can't be looked up (${name}: ${message}); check AWS_REGION, AWS_ENDPOINT and the network`
}
