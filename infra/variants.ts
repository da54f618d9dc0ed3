import type { Installation, RegionSettings, StageSettings } from './settings.ts'
import { stages } from './settings.ts'

/** What stands for outputs that only a deploy brings. */
const exampleOutputs = { vpcId: 'vpc-0aaaaaaaaaaaaaaa1', databaseHost: 'freshet.c0example.us-east-1.rds.amazonaws.com' }

/** A stage as it is once every region has been deployed and joined, however far its operator has got. */
function joined (stage: StageSettings): StageSettings {
  if (stage.others.length === 0) return stage
  return {
    ...stage,
    primaryOutputs: stage.primaryOutputs ?? exampleOutputs,
    others: stage.others.map((other, index) => ({ ...other, peeringConnectionId: other.peeringConnectionId ?? `pcx-0aaaaaaaaaaaaaaa${index + 1}` }))
  }
}

export const joinedStages: typeof stages = { dev: joined(stages.dev), test: joined(stages.test), production: joined(stages.production) }

const { production } = joinedStages
const notYetPeered = ({ peeringConnectionId, ...region }: RegionSettings): RegionSettings => region
const { primaryOutputs, ...withoutOutputs } = production
const anotherKey: Installation['mediaKeys']['current'] = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEz4FpF43n58Lrj6XtCxePtPqrV/ZP
J6UpVAVa8Wd10snBdhIlyPAcuF96FulMVCpFXlRH53oxjNhEKapHYxvdNA==
-----END PUBLIC KEY-----`

/** States through which production passes on its way, each of which has to be a sound set of templates too. */
export const productionVariants: Readonly<Record<string, StageSettings>> = {
  'before its first deploy': { ...withoutOutputs, others: production.others.map(notYetPeered) },
  'with a primary, before the others are joined': { ...production, others: production.others.map(notYetPeered) },
  'while keys are being replaced': {
    ...production,
    mediaKeys: { ...production.mediaKeys, next: anotherKey },
    tokenKeys: ['nextPublicKey', 'previousPublicKey'],
    originHeader: { accepted: [1, 2], sent: 1 }
  },
  'after a fail-over to eu-west-1': failedOver()
}

/** The second region has become the primary; the others join it anew afterwards. */
function failedOver (): StageSettings {
  const [europe] = production.others
  if (europe === undefined) throw new Error('production has no other region to fail over to')
  const { primaryOutputs, ...rest } = production
  return { ...rest, primary: { ...notYetPeered(europe), worker: { min: 1, max: 20 }, databaseWasReplicaOf: production.primary.name }, others: [] }
}
