import { Stack } from 'aws-cdk-lib'
import type { Distribution } from 'aws-cdk-lib/aws-cloudfront'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import * as logs from 'aws-cdk-lib/aws-logs'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { stageName } from '../place.ts'
import type { StageSettings } from '../settings.ts'

/** No query strings, as they hold the signatures of media addresses; no cookies. */
const fields = [
  'date', 'time', 'x-edge-location', 'sc-bytes', 'c-ip', 'cs-method', 'cs(Host)', 'cs-uri-stem', 'sc-status', 'cs(User-Agent)', 'x-edge-result-type',
  'x-edge-request-id', 'x-host-header', 'cs-protocol', 'cs-bytes', 'time-taken', 'ssl-protocol', 'x-edge-response-result-type', 'cs-protocol-version',
  'time-to-first-byte', 'x-edge-detailed-result-type', 'sc-content-type', 'sc-range-start', 'sc-range-end'
]

export interface EdgeLogsProps {
  readonly stage: StageSettings
  readonly distribution: Distribution
  readonly bucket: Bucket
}

/** The distribution's access log, by the newer way of delivery: it lets one choose what is written. */
export class EdgeLogs extends Construct {
  constructor (scope: Construct, id: string, { stage, distribution, bucket }: EdgeLogsProps) {
    super(scope, id)
    const { account, partition, region } = Stack.of(this)
    const name = `${stageName(stage)}-distribution`
    bucket.addToResourcePolicy(new PolicyStatement({
      principals: [new ServicePrincipal('delivery.logs.amazonaws.com')],
      actions: ['s3:PutObject'],
      resources: [bucket.arnForObjects('distribution/*')],
      conditions: { StringEquals: { 'aws:SourceAccount': account }, ArnLike: { 'aws:SourceArn': `arn:${partition}:logs:${region}:${account}:delivery-source:${name}` } }
    }))
    const source = new logs.CfnDeliverySource(this, 'Source', { name, logType: 'ACCESS_LOGS', resourceArn: distribution.distributionArn })
    const destination = new logs.CfnDeliveryDestination(this, 'Destination', { name, outputFormat: 'json', destinationResourceArn: `${bucket.bucketArn}/distribution` })
    const delivery = new logs.CfnDelivery(this, 'Delivery', { deliverySourceName: name, deliveryDestinationArn: destination.attrArn, recordFields: fields, s3EnableHiveCompatiblePath: true, s3SuffixPath: '{yyyy}/{MM}/{dd}/{HH}' })
    delivery.addResourceDependency(source)
    if (bucket.policy !== undefined) destination.node.addDependency(bucket.policy)
  }
}
