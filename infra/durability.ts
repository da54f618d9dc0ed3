import { RemovalPolicy } from 'aws-cdk-lib'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { StageSettings } from './settings.ts'

/** What happens to buckets, keys and logs when their stack is deleted. */
export function removal (stage: StageSettings): RemovalPolicy {
  return stage.durable ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY
}

const retentions = { 7: RetentionDays.ONE_WEEK, 30: RetentionDays.ONE_MONTH, 90: RetentionDays.THREE_MONTHS }

export function logRetention (stage: StageSettings): RetentionDays {
  return retentions[stage.logDays]
}
