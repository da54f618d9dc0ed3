import { stageName } from './place.ts'
import { exampleAccount, exampleMediaKey, type StageSettings } from './settings.ts'

/** The ids that settings.ts shows are no one's. */
const exampleId = /^(vpc|pcx)-0a{15}\d$/

/**
 * What an operator who has filled in an account has left as it came, a sentence each: the first deploy would fail on
 * it half-way, or belong to somebody else.
 */
export function examplesLeft (stage: StageSettings): string[] {
  if (stage.account === exampleAccount) return []
  const left: ReadonlyArray<readonly [isLeft: boolean, sentence: string]> = [
    [/(^|[.])example[.]org$/.test(stage.domain), 'domain: put in your own'],
    [/(^|[.])example[.]org$/.test(stage.hostedZone.name) || stage.hostedZone.id === 'Z0123456789ABCDEFGHIJ', 'hostedZone: put in id and name of your own'],
    [stage.alarmEmail.endsWith('@example.org'), 'alarmEmail: put in the address that gets the alarms'],
    [stage.mediaKeys.current === exampleMediaKey, 'mediaKeys.current: put in the public half of a key of yours'],
    [exampleId.test(stage.primaryOutputs?.vpcId ?? ''), 'primaryOutputs: take it out until the primary has been deployed for the first time'],
    ...stage.others.map(({ name, peeringConnectionId = '' }) => [exampleId.test(peeringConnectionId), `peeringConnectionId of ${name}: take it out until ${name} has been deployed for the first time`] as const)
  ]
  return left.filter(([isLeft]) => isLeft).map(([, sentence]) => `${stageName(stage)}: ${sentence}`)
}
