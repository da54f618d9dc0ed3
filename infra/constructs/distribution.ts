import { Duration } from 'aws-cdk-lib'
import * as acm from 'aws-cdk-lib/aws-certificatemanager'
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront'
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins'
import type { IHostedZone } from 'aws-cdk-lib/aws-route53'
import * as s3 from 'aws-cdk-lib/aws-s3'
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { mediaBucketName, originHost, placesOf, stageName } from '../place.ts'
import type { RegionName, StageSettings } from '../settings.ts'
import { originHeaderName } from './load-balancer.ts'

/**
 * Errors that CloudFront keeps for ten seconds otherwise, whatever a cache policy says. Its key is the path alone: one
 * listener's 403, or one request that was shed, would be everybody's.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/custom-error-pages-expiration.html
 */
const neverKept = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504]

export interface EdgeDistributionProps {
  readonly stage: StageSettings
  readonly zone: IHostedZone
  readonly firewallArn: string
  readonly originHeader: Secret
}

/** One address for everything: what the buckets hold under /media and /originals, signed; the rest from the web fleets. */
export class EdgeDistribution extends Construct {
  readonly distribution: cloudfront.Distribution
  readonly certificate: acm.Certificate
  readonly keys: { readonly current: cloudfront.PublicKey, readonly next: cloudfront.PublicKey | undefined }

  constructor (scope: Construct, id: string, { stage, zone, firewallArn, originHeader }: EdgeDistributionProps) {
    super(scope, id)
    this.certificate = new acm.Certificate(this, 'Certificate', { domainName: stage.domain, validation: acm.CertificateValidation.fromDns(zone) })
    this.keys = {
      current: this.#publicKey(stage.mediaKeys.current),
      next: stage.mediaKeys.next === undefined ? undefined : this.#publicKey(stage.mediaKeys.next)
    }
    const fleets = webOrigin(stage, originHeader)
    const signedMedia = this.#mediaBehaviour(stage)
    this.distribution = new cloudfront.Distribution(this, 'Distribution', {
      comment: `Freshet ${stage.stage}`,
      domainNames: [stage.domain],
      certificate: this.certificate,
      minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      priceClass: stage.others.length > 0 ? cloudfront.PriceClass.PRICE_CLASS_ALL : cloudfront.PriceClass.PRICE_CLASS_100,
      webAclId: firewallArn,
      errorResponses: neverKept.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
      defaultBehavior: {
        origin: fleets,
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
        cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
        originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER,
        // Freshet compresses and sets its headers itself.
        compress: false
      },
      additionalBehaviors: {
        '/assets/*': this.#assetsBehaviour(stage, fleets),
        '/media/*': signedMedia,
        '/originals/*': signedMedia
      }
    })
  }

  /** The name is made of the key, as CloudFront takes no other key under the same one. */
  #publicKey (pem: string): cloudfront.PublicKey {
    const key = pem.replaceAll(/-----[^-]+-----|\s/g, '')
    return new cloudfront.PublicKey(this, `Key${key.slice(-12).replaceAll(/[^A-Za-z0-9]/g, '')}`, { encodedKey: pem })
  }

  /** Files whose names contain a hash of what is in them, for everybody alike. */
  #assetsBehaviour (stage: StageSettings, fleets: cloudfront.IOrigin): cloudfront.BehaviorOptions {
    return {
      origin: fleets,
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      cachePolicy: new cloudfront.CachePolicy(this, 'AssetsCache', {
        cachePolicyName: `${stageName(stage)}-assets`,
        // As Freshet says it; an answer that says nothing, such as one that a file is missing, isn't kept.
        minTtl: Duration.seconds(0),
        defaultTtl: Duration.seconds(0),
        maxTtl: Duration.days(365),
        enableAcceptEncodingBrotli: true,
        enableAcceptEncodingGzip: true
      }),
      originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER,
      compress: false
    }
  }

  #mediaBehaviour (stage: StageSettings): cloudfront.BehaviorOptions {
    const { current, next } = this.keys
    const keyGroup = new cloudfront.KeyGroup(this, 'Keys', {
      keyGroupName: stageName(stage),
      items: next === undefined ? [current] : [current, next]
    })
    return {
      origin: this.#mediaOrigin(stage),
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
      trustedKeyGroups: [keyGroup],
      // Nothing under a name ever changes, and nothing but the path matters: the signature isn't part of the key.
      cachePolicy: new cloudfront.CachePolicy(this, 'MediaCache', {
        cachePolicyName: `${stageName(stage)}-media`,
        minTtl: Duration.days(1),
        defaultTtl: Duration.days(365),
        maxTtl: Duration.days(365)
      }),
      responseHeadersPolicy: this.#mediaHeaders(stage),
      compress: false
    }
  }

  /** As the local edge sends them (src/platform/cdn/local-edge.ts): what a browser shows can't act as a page of ours. */
  #mediaHeaders (stage: StageSettings): cloudfront.ResponseHeadersPolicy {
    return new cloudfront.ResponseHeadersPolicy(this, 'MediaHeaders', {
      responseHeadersPolicyName: `${stageName(stage)}-media`,
      securityHeadersBehavior: {
        contentTypeOptions: { override: true },
        contentSecurityPolicy: { contentSecurityPolicy: "default-src 'none'; sandbox", override: true },
        strictTransportSecurity: { accessControlMaxAge: Duration.days(365), includeSubdomains: false, override: true }
      },
      customHeadersBehavior: { customHeaders: [{ header: 'cache-control', value: 'private, max-age=31536000, immutable', override: true }] }
    })
  }

  /** The primary's bucket; where there is a copy in another region, that one when the primary's fails. */
  #mediaOrigin (stage: StageSettings): cloudfront.IOrigin {
    const copied = placesOf(stage).find(({ isPrimary, region }) => !isPrimary && region.peeringConnectionId !== undefined)
    const primaryOrigin = this.#bucketOrigin(stage, stage.primary.name)
    if (copied === undefined) return primaryOrigin
    return new origins.OriginGroup({ primaryOrigin, fallbackOrigin: this.#bucketOrigin(stage, copied.region.name), fallbackStatusCodes: [500, 502, 503, 504] })
  }

  #bucketOrigin (stage: StageSettings, region: RegionName): cloudfront.IOrigin {
    const bucket = s3.Bucket.fromBucketAttributes(this, `Media-${region}`, { bucketName: mediaBucketName(stage, region), region })
    return origins.S3BucketOrigin.withOriginAccessControl(bucket)
  }
}

function webOrigin (stage: StageSettings, header: Secret): cloudfront.IOrigin {
  return new origins.HttpOrigin(originHost(stage), {
    protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
    originSslProtocols: [cloudfront.OriginSslPolicy.TLS_V1_2],
    customHeaders: { [originHeaderName]: header.secretValue.unsafeUnwrap() },
    connectionAttempts: 2,
    connectionTimeout: Duration.seconds(5),
    readTimeout: Duration.seconds(30),
    // Shorter than the load balancer keeps one: CloudFront never writes into a connection that is just being closed.
    keepaliveTimeout: Duration.seconds(55)
  })
}
