import { s3ServerLack, startS3Server } from '../../test/support/s3-server.ts'

export interface FleetStore {
  /** Settings with which every process finds it. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** The folder of the fleet, or a real S3 server whose objects live in memory. */
export async function startFleetStore (s3: boolean): Promise<FleetStore> {
  if (!s3) return { env: {}, stop: async () => {} }
  const lack = s3ServerLack()
  if (lack !== undefined) throw new Error(lack)
  const { endpoint, region, bucket, credentials, stop } = await startS3Server()
  return {
    stop,
    env: {
      STORAGE: 's3',
      S3_BUCKET: bucket,
      S3_REGION: region,
      S3_ENDPOINT: endpoint,
      S3_FORCE_PATH_STYLE: 'true',
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey
    }
  }
}
