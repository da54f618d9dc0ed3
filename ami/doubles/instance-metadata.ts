import { randomBytes } from 'node:crypto'
import { type DoubleAnswer, type DoubleRequest, type HttpDouble, startHttpDouble } from './http-double.ts'

export interface InstanceMetadata {
  readonly userData: string | undefined
  readonly instanceId?: string
  readonly region?: string
  readonly availabilityZone?: string
  /** Of the instance's role. */
  readonly credentials?: { readonly accessKeyId: string, readonly secretAccessKey: string }
}

export interface InstanceMetadataDouble extends HttpDouble {
  /** Paths asked for, in order. */
  readonly asked: readonly string[]
}

const roleName = 'freshet-instance'

/** The instance metadata service, version 2 only: without a token it answers 401. */
export async function startInstanceMetadata ({ userData, instanceId = 'i-0123456789abcdef0', region = 'us-east-1', availabilityZone = `${region}a`, credentials }: InstanceMetadata): Promise<InstanceMetadataDouble> {
  const asked: string[] = []
  const token = randomBytes(16).toString('hex')
  const texts: Readonly<Record<string, string | undefined>> = {
    '/latest/user-data': userData,
    '/latest/meta-data/instance-id': instanceId,
    '/latest/meta-data/placement/region': region,
    '/latest/meta-data/placement/availability-zone': availabilityZone,
    '/latest/meta-data/iam/security-credentials/': credentials && roleName,
    [`/latest/meta-data/iam/security-credentials/${roleName}`]: credentials && credentialsDocument(credentials)
  }
  const answer = ({ method, path, headers }: DoubleRequest): DoubleAnswer => {
    asked.push(`${method} ${path}`)
    if (path === '/latest/api/token') return method === 'PUT' && headers['x-aws-ec2-metadata-token-ttl-seconds'] !== undefined ? { status: 200, body: token, headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '300' } } : { status: 400 }
    if (headers['x-aws-ec2-metadata-token'] !== token) return { status: 401 }
    const text = texts[path]
    return text === undefined ? { status: 404 } : { status: 200, body: text }
  }
  return { ...await startHttpDouble(answer), asked }
}

function credentialsDocument ({ accessKeyId, secretAccessKey }: NonNullable<InstanceMetadata['credentials']>): string {
  return JSON.stringify({
    Code: 'Success',
    LastUpdated: new Date().toISOString(),
    Type: 'AWS-HMAC',
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    // A server other than Amazon's knows no session, so there is none.
    Token: '',
    Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString()
  })
}
