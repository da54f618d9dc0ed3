import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { acknowledge } from './acknowledgements.ts'
import { placesOf, stageName } from './place.ts'
import type { StageSettings } from './settings.ts'
import { EdgeStack } from './stacks/edge.ts'
import { RegionalStack } from './stacks/regional.ts'

export interface AppOptions {
  /** Folder of the templates. */
  readonly outdir?: string
  /** Check every template against the rules that the CDK brings along. */
  readonly validate: boolean
  /** Check every construct against cdk-nag's rules for good practice. */
  readonly nag: boolean
}

/** All stacks of the stages given, not yet synthesised. */
export function buildApp (stages: readonly StageSettings[], { outdir, validate, nag }: AppOptions): App {
  const app = new App({
    analyticsReporting: false,
    ...(outdir === undefined ? {} : { outdir }),
    postCliContext: {
      '@aws-cdk/core:validateAgainstDefaultRules': validate,
      // Buckets' logs by policy: the lists of access rights that were used before are off.
      '@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy': true
    }
  })
  for (const stage of stages) addStage(app, stage)
  if (nag) Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  acknowledge(app, stages)
  return app
}

function addStage (app: App, stage: StageSettings): void {
  const { account } = stage
  const common = { terminationProtection: stage.durable, tags: { 'freshet:stage': stage.stage } }
  const edge = new EdgeStack(app, `${stageName(stage)}-edge`, { ...common, stage, env: { account, region: 'us-east-1' }, description: `Freshet ${stage.stage}: one address for all regions` })
  for (const place of placesOf(stage)) {
    const { name: region } = place.region
    const regional = new RegionalStack(app, `${stageName(stage)}-${region}`, { ...common, place, env: { account, region }, description: `Freshet ${stage.stage} in ${region}` })
    // It reads secrets that the edge makes.
    regional.addStackDependency(edge)
  }
}
