import * as wafv2 from 'aws-cdk-lib/aws-wafv2'
import { Construct } from 'constructs'
import { stageName } from '../place.ts'
import type { StageSettings } from '../settings.ts'

/** Requests that one address may make to the API in five minutes: a whole office behind one address stays below it. */
const requestsPerAddress = 30_000
/** Sign-ins of one address in five minutes; Freshet limits each account by itself. */
const signInsPerAddress = 500

/** Rules of Amazon’s common set that would refuse what Freshet means to take; they are counted instead. */
const countedOnly = [
  // Playlists and imports send more than 8 KiB of JSON; Freshet has a limit for each route.
  'SizeRestrictions_BODY',
  // Names of songs may contain anything; Freshet shows them as text.
  'CrossSiteScripting_BODY',
  'GenericRFI_BODY',
  // And people search for whatever a title contains.
  'CrossSiteScripting_QUERYARGUMENTS',
  'GenericLFI_QUERYARGUMENTS',
  'GenericRFI_QUERYARGUMENTS',
  'RestrictedExtensions_QUERYARGUMENTS',
  // Some players don’t say who they are.
  'NoUserAgent_HEADER'
]

/** What the distribution refuses before any instance sees it. Bytes of uploads don’t pass here: they go to the bucket. */
export class EdgeFirewall extends Construct {
  readonly arn: string

  constructor (scope: Construct, id: string, { stage }: { readonly stage: StageSettings }) {
    super(scope, id)
    const acl = new wafv2.CfnWebACL(this, 'Acl', {
      name: stageName(stage),
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      visibilityConfig: visibility(stageName(stage)),
      rules: [
        managed('AWSManagedRulesAmazonIpReputationList', 0),
        managed('AWSManagedRulesCommonRuleSet', 1, countedOnly),
        managed('AWSManagedRulesKnownBadInputsRuleSet', 2),
        limit('sign-ins', { priority: 3, perAddress: signInsPerAddress, paths: path('EXACTLY', '/api/session') }),
        limit('requests', { priority: 4, perAddress: requestsPerAddress, paths: { notStatement: { statement: { orStatement: { statements: [path('STARTS_WITH', '/media/'), path('STARTS_WITH', '/originals/')] } } } } })
      ]
    })
    this.arn = acl.attrArn
  }
}

function visibility (metricName: string): wafv2.CfnWebACL.VisibilityConfigProperty {
  return { metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: true }
}

function managed (name: string, priority: number, counted: readonly string[] = []): wafv2.CfnWebACL.RuleProperty {
  return {
    name,
    priority,
    overrideAction: { none: {} },
    statement: { managedRuleGroupStatement: { vendorName: 'AWS', name, ruleActionOverrides: counted.map((rule) => ({ name: rule, actionToUse: { count: {} } })) } },
    visibilityConfig: visibility(name)
  }
}

interface Limit {
  readonly priority: number
  readonly perAddress: number
  readonly paths: wafv2.CfnWebACL.StatementProperty
}

function limit (name: string, { priority, perAddress, paths }: Limit): wafv2.CfnWebACL.RuleProperty {
  return {
    name,
    priority,
    action: { block: { customResponse: { responseCode: 429 } } },
    statement: { rateBasedStatement: { limit: perAddress, aggregateKeyType: 'IP', evaluationWindowSec: 300, scopeDownStatement: paths } },
    visibilityConfig: visibility(name)
  }
}

function path (positionalConstraint: 'EXACTLY' | 'STARTS_WITH', searchString: string): wafv2.CfnWebACL.StatementProperty {
  return { byteMatchStatement: { searchString, fieldToMatch: { uriPath: {} }, positionalConstraint, textTransformations: [{ priority: 0, type: 'NONE' }] } }
}
