import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { ReferenceUnusableError, regionOfName, type SettingReference } from './setting-reference.ts'

export interface AwsPlace {
  readonly region: string
  /** Undefined for Amazon's own. */
  readonly endpoint: string | undefined
}

/** The texts that references stand for, each secret or parameter asked for once. */
export interface AwsValues {
  /** @throws what the SDK throws, and ReferenceUnusableError */
  read(reference: SettingReference): Promise<string>
  close(): void
}

const connectTimeoutMs = 3_000
const answerTimeoutMs = 10_000
const attempts = 4

/** Secrets Manager and SSM Parameter Store, by the role of the machine. */
export function openAwsValues ({ region, endpoint }: AwsPlace): AwsValues {
  const clients = new Map<string, { readonly secrets: SecretsManagerClient, readonly parameters: SSMClient }>()
  const texts = new Map<string, Promise<string>>()
  const clientsFor = (name: string) => {
    const where = regionOfName(name) ?? region
    const known = clients.get(where)
    if (known !== undefined) return known
    const options = {
      region: where,
      maxAttempts: attempts,
      requestHandler: { connectionTimeout: connectTimeoutMs, requestTimeout: answerTimeoutMs, throwOnRequestTimeout: true },
      ...(endpoint === undefined ? {} : { endpoint })
    }
    const opened = { secrets: new SecretsManagerClient(options), parameters: new SSMClient(options) }
    clients.set(where, opened)
    return opened
  }
  const ask = async ({ kind, name }: SettingReference): Promise<string> => {
    const { secrets, parameters } = clientsFor(name)
    const text = kind === 'secret'
      ? (await secrets.send(new GetSecretValueCommand({ SecretId: name }))).SecretString
      : (await parameters.send(new GetParameterCommand({ Name: name, WithDecryption: true }))).Parameter?.Value
    if (text === undefined) throw new ReferenceUnusableError('it holds bytes and no text')
    return text
  }
  return {
    async read (reference) {
      const asked = `${reference.kind} ${reference.name}`
      const text = texts.get(asked) ?? ask(reference)
      texts.set(asked, text)
      return reference.kind === 'secret' && reference.member !== undefined ? memberOf(await text, reference.member) : await text
    },
    close () {
      for (const { secrets, parameters } of clients.values()) { secrets.destroy(); parameters.destroy() }
    }
  }
}

/** The message never quotes the text. */
function memberOf (text: string, member: string): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ReferenceUnusableError('it is no JSON object, so it has no members')
  }
  const found = typeof value === 'object' && value !== null ? Object.entries(value).find(([name]) => name === member)?.[1] : undefined
  if (typeof found === 'string') return found
  if (typeof found === 'number') return String(found)
  throw new ReferenceUnusableError(`its JSON has no text named ${member}`)
}
